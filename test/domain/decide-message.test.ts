import { describe, expect, it } from 'vitest';
import type { MessageName } from '../../src/domain/messages.ts';
import { MESSAGE_NAMES } from '../../src/domain/messages.ts';
import { reduce } from '../../src/domain/reduce.ts';
import type { BackfillStatus } from '../../src/domain/status.ts';
import { BACKFILL_STATUSES, isFinal } from '../../src/domain/status.ts';
import { GOOD, decide, readyFor, refusal } from './messages.ts';
import { NOW, stateIn } from './states.ts';

const heardIn = (name: MessageName): string =>
  BACKFILL_STATUSES.filter((status) => decide(readyFor(name, status), name).kind === 'accepted').join(' ');

describe('every message in every status', () => {
  it('is heard where the table says', () => {
    expect(MESSAGE_NAMES.map((name) => `${name}: ${heardIn(name)}`).join('\n')).toMatchInlineSnapshot(`
      "pause: proving preserving building reconciling consolidating held
      resume: planning proving preserving building reconciling awaitingApproval publishing observing awaitingSignOff consolidating rollingBack rolledBack closing held aborting
      approve: awaitingApproval
      reject: awaitingApproval
      rollback: observing awaitingSignOff
      republish: rolledBack
      close: rolledBack
      signOff: awaitingSignOff
      retry: held
      replan: observing awaitingSignOff held
      waive: held
      abort: planning proving preserving building reconciling awaitingApproval publishing held
      setLimits: planning proving preserving building reconciling awaitingApproval publishing observing awaitingSignOff consolidating rollingBack rolledBack closing held aborting
      settle: observing awaitingSignOff
      rearm: observing awaitingSignOff
      livePipelineStarted: planning proving preserving building reconciling awaitingApproval publishing observing awaitingSignOff consolidating rollingBack rolledBack closing held aborting
      livePipelineFinished: planning proving preserving building reconciling awaitingApproval publishing observing awaitingSignOff consolidating rollingBack rolledBack closing held aborting"
    `);
  });

  it('is refused in a sentence that names the message and the status, wherever it is not heard', () => {
    for (const name of MESSAGE_NAMES)
      for (const status of BACKFILL_STATUSES) {
        const decision = decide(readyFor(name, status), name);
        if (decision.kind === 'accepted' || decision.kind === 'already') continue;
        expect(decision.reason, `${name} in ${status}`).toMatch(new RegExp(`^${name}: .*${status}`));
      }
  });

  it('changes nothing once the backfill has ended', () => {
    for (const name of MESSAGE_NAMES)
      for (const status of BACKFILL_STATUSES.filter(isFinal))
        expect(refusal(readyFor(name, status), name)).toBe(
          `${name}: this backfill has ended (${status}); nothing was changed`,
        );
  });

  it('is a no-op when it is repeated', () => {
    for (const name of MESSAGE_NAMES)
      for (const status of BACKFILL_STATUSES) {
        const before = readyFor(name, status);
        const first = decide(before, name);
        if (first.kind !== 'accepted') continue;
        const after = first.events.reduce((state, event) => reduce(state, event, NOW), before);
        const second = decide(after, name);
        // A start said again is a later start: what it renews is the instant from which it expires.
        const again = second.kind === 'accepted' ? second.events : [];
        expect(again.length > 0, `${name} twice in ${status}`).toBe(name === 'livePipelineStarted');
        expect(again.reduce((state, event) => reduce(state, event, NOW), after)).toEqual(after);
        expect(second.kind).not.toBe('refused');
      }
  });

  it('tolerates fields that nobody knows', () => {
    for (const name of MESSAGE_NAMES) {
      const plain = decide(readyFor(name, 'awaitingApproval'), name);
      expect(decide(readyFor(name, 'awaitingApproval'), name, { ...GOOD[name], colour: 'red' })).toEqual(plain);
    }
  });
});

describe('a message without its fields', () => {
  const WHERE: Partial<Record<MessageName, BackfillStatus>> = {
    approve: 'awaitingApproval',
    reject: 'awaitingApproval',
    rollback: 'observing',
    settle: 'observing',
    rearm: 'observing',
    republish: 'rolledBack',
    close: 'rolledBack',
    signOff: 'awaitingSignOff',
    retry: 'held',
    replan: 'observing',
    waive: 'held',
  };
  it('says what is missing', () => {
    const answers = MESSAGE_NAMES.map((name) => refusal(readyFor(name, WHERE[name] ?? 'building'), name, {}));
    expect(answers.join('\n')).toMatchInlineSnapshot(`
      "pause: say who you are in "by"
      accepted, not refused
      approve: give "by" and the "digest" of the evidence you read
      reject: say who you are in "by"
      rollback: say who you are in "by"
      republish: say who you are in "by"
      close: say who you are in "by"
      signOff: say for which party in "by" (finance-data, business-intelligence, revenue-operations)
      retry: say who you are in "by"
      replan: say who you are in "by"
      waive: give "by", the "check" and a "reason"
      abort: say who you are in "by"
      setLimits: give max_concurrency, daily_bytes_budget, daily_cost_budget, or several of them
      settle: say who you are in "by"
      rearm: say who you are in "by"
      accepted, not refused
      accepted, not refused"
    `);
  });

  it.each([
    ['', '  '],
    [7, null],
    [{}, []],
  ])('takes %j and %j for missing', (by, reason) => {
    expect(refusal(stateIn('building'), 'pause', { by, reason })).toBe('pause: say who you are in "by"');
  });

  it('gives a reason of its own where a person gave none', () => {
    expect(decide(stateIn('building'), 'pause', { by: 'olaf' })).toEqual({
      kind: 'accepted',
      events: [{ type: 'paused', by: 'olaf', reason: 'no reason given' }],
    });
  });
});
