import { describe, expect, it } from 'vitest';
import type { BackfillState } from '../../src/domain/backfill-state.ts';
import type { MessageName } from '../../src/domain/messages.ts';
import { MESSAGE_NAMES } from '../../src/domain/messages.ts';
import type { BackfillStatus } from '../../src/domain/status.ts';
import { BACKFILL_STATUSES } from '../../src/domain/status.ts';
import { currentDetails } from '../../workflows/current-details.ts';
import { memoOf } from '../../workflows/memo.ts';
import { GOOD, decide, readyFor } from '../domain/messages.ts';
import { EVIDENCE, FAILING, NOW, RELEASE, heldOn, stateIn } from '../domain/states.ts';

describe('the page for the person on call', () => {
  it('offers no message that would be refused', () => {
    for (const status of BACKFILL_STATUSES)
      for (const name of offered(readyFor('pause', status)))
        expect(decide(readyFor(name, status), name, GOOD[name]).kind, `${name} in ${status}`).toBe('accepted');
  });

  it.each<[BackfillStatus, readonly MessageName[]]>([
    ['building', ['abort', 'retry', 'waive']],
    ['observing', ['retry', 'rollback', 'waive']],
    ['consolidating', ['retry', 'waive']],
  ])('held in %s offers %j, and asks for the same', (from, names) => {
    const held = heldOn(FAILING, from);
    expect(offered(held)).toEqual(names);
    const asked = /; ([a-z, ]+) \(since /.exec(currentDetails(held))?.[1];
    expect(asked?.split(/, | or /).sort()).toEqual(names);
  });

  it('says that there is nothing to do where that is so', () => {
    expect(currentDetails(stateIn('closing'))).toContain('- nothing, it goes on by itself');
    expect(currentDetails(stateIn('failed'))).toContain('- nothing, it has ended');
    expect(currentDetails(stateIn('completed', { evidence: EVIDENCE }))).toContain(
      '- `backfill report revenue-tax-fix`',
    );
  });

  it.each<[BackfillStatus, readonly MessageName[]]>([
    ['building', ['abort', 'pause']],
    ['awaitingApproval', ['abort', 'approve', 'reject']],
    ['held', ['abort', 'retry', 'waive']],
    ['observing', ['rollback', 'settle']],
    ['awaitingSignOff', ['rollback', 'settle', 'signOff']],
    ['rolledBack', ['close', 'republish']],
  ])('in %s offers %j', (status, names) => {
    expect(offered(readyFor('pause', status))).toEqual(names);
  });

  it('offers resume instead of pause while it is paused', () => {
    const paused = { by: 'olaf', reason: 'month end', since: NOW };
    expect(offered(stateIn('building', { paused }))).toEqual(['abort', 'resume']);
  });

  it('shows what a person typed as text, never as markup', () => {
    const hold = { ...heldOn().hold, from: 'building', since: NOW, check: null, batch: null } as const;
    const page = currentDetails({ ...heldOn(), hold: { ...hold, reason: '<img src=x onerror=alert(1)>' } });
    expect(page).toContain('&lt;img src=x');
    expect(page).not.toContain('<img');
  });

  it('shows the failing check, the wait, the refused messages and how to undo a release without Temporal', () => {
    const page = currentDetails({
      ...heldOn(),
      checks: [FAILING],
      release: RELEASE,
      rollbackStatement: 'UPDATE governance.active_releases SET …',
      refusals: [{ message: 'aprove', reason: 'no message has this name', at: NOW }],
    });
    for (const part of [
      '## revenue-tax-fix: held',
      '**Waiting on:** held: batch 12 fails delta:revenue; retry, waive or abort (since ',
      '- delta:revenue: -3.100%, allowed -1.5% to -0.8% (fail)',
      '```sql\nUPDATE governance.active_releases SET …\n```',
      'aprove: no message has this name',
    ])
      expect(page).toContain(part);
  });

  it('shows what changed where evidence is asked for again', () => {
    const previous = {
      digest: 'decaf'.padEnd(64, '0'),
      asOf: NOW,
      restatedPartitions: 6,
      measures: {
        revenue: { before: '3951000.00', after: '3952000.00', difference: '1000.00' },
        gross: { before: '4800000.00', after: '4799999.00', difference: '-1.00' },
        '<b>': { before: '0', after: '0', difference: '0' },
      },
    };
    const page = currentDetails(stateIn('awaitingApproval', { evidence: { ...EVIDENCE, previous } }));
    expect(page)
      .toContain(`**Asked again:** evidence decaf0000000 of ${NOW} no longer stands; 6 partitions restated since

- revenue: 3951000.00 → 3952000.00 (+1000.00)
- gross: 4800000.00 → 4799999.00 (-1.00)
- &lt;b>: 0, as before`);
    expect(currentDetails(stateIn('awaitingApproval', { evidence: EVIDENCE }))).not.toContain('Asked again');
  });
});

describe('the memo', () => {
  it('says what to do with every worker stopped, and stays small whatever people wrote', () => {
    const reason = 'x'.repeat(5_000);
    const memo = memoOf(stateIn('building', { paused: { by: 'olaf', reason, since: NOW } }));
    expect(Object.keys(memo)).toEqual([
      'status',
      'since',
      'waitingOn',
      'rollback',
      'detachCapture',
      'whenNoWorkerAnswers',
    ]);
    expect(JSON.stringify(memo).length).toBeLessThan(2_048);
    expect(memo['waitingOn']?.length).toBe(300);
  });

  it('cuts the wait, never the statement, where both would be too much', () => {
    const paused = { by: 'olaf', reason: '月末'.repeat(1_000), since: NOW };
    const rollbackStatement = `WITH moved AS (${'x'.repeat(1_200)})`;
    const memo = memoOf(stateIn('consolidating', { paused, rollbackStatement }));
    expect(memo['rollback']).toBe(rollbackStatement);
    expect(memo['waitingOn']).toMatch(/^paused by olaf: 月末月/);
    const bytes = new TextEncoder().encode(JSON.stringify(memo)).length;
    expect(bytes).toBeGreaterThan(1_980);
    expect(bytes).toBeLessThan(2_048);
  });
});

/** The messages among the commands of the page, sorted. */
function offered(state: BackfillState): MessageName[] {
  const verbs = [...currentDetails(state).matchAll(/`backfill ([a-z-]+) /g)].map(([, verb]) => verb);
  const named = verbs.map((verb) => MESSAGE_NAMES.find((name) => name.toLowerCase() === verb?.replace('-', '')));
  return [...new Set(named.filter((name) => name !== undefined))].sort();
}
