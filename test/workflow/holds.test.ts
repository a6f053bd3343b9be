import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHECK, countsOf, stoppedAt, untilCancelled } from './script.ts';
import type { Script } from './script.ts';
import type { Stage } from './stage.ts';
import { createStage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage.end());

describe('a failure', () => {
  it('of the plan ends the run with every reason, and nothing was made', async () => {
    const play = await stage.start(() => ({
      planBackfill: async () => ({
        kind: 'refused',
        reasons: ['backfill.yaml:3:5: no such table', 'GRANT SELECT ON a TO b'],
      }),
    }));
    await expect(play.handle.result()).rejects.toMatchObject({
      cause: { type: 'PlanRefused', message: 'backfill.yaml:3:5: no such table\nGRANT SELECT ON a TO b' },
    });
    expect(play.calls.map(({ name }) => name)).toEqual(['planBackfill']);
  });

  it('that cannot be retried holds the run with its reason, and a retry goes on from there', async () => {
    let broken = true;
    const play = await stage.start((happy) => ({
      takeSnapshot: async (input) => {
        if (broken)
          throw ApplicationFailure.nonRetryable('permission denied for schema finance [42501]', 'MissingPrivilege');
        return happy.takeSnapshot(input);
      },
    }));
    const held = await play.reach('held');
    expect(held.hold).toMatchObject({
      from: 'preserving',
      check: null,
      reason: 'takeSnapshot: permission denied for schema finance [42501]',
    });
    expect(await play.update('waive', { by: 'finance-controller', check: 'row_count', reason: 'x' })).toBe(
      'waive: it is held for another reason than a check: takeSnapshot: permission denied for schema finance [42501]',
    );
    broken = false;
    await play.update('retry', { by: 'olaf' });
    await play.reach('awaitingApproval');
  });

  it('of a proof of the right logic holds before anything is made, cannot be waived, and is proved again on retry', async () => {
    const seam = {
      name: 'seam',
      level: 'proof',
      verdict: 'fail',
      figure: '1 row differs',
      limit: 'row for row',
    } as const;
    let broken = true;
    const play = await stage.start((happy) => ({
      proveLogic: async (input) => (broken ? { checks: [seam] } : happy.proveLogic(input)),
    }));
    const held = await play.reach('held');
    expect(held.hold).toMatchObject({
      from: 'proving',
      check: seam,
      reason: 'the contract is not the logic that the live pipeline runs: seam: 1 row differs (allowed: row for row)',
    });
    expect(await play.update('waive', { by: 'finance-controller', check: 'seam', reason: 'x' })).toBe(
      'waive: a proof (seam) cannot be waived; correct the transform',
    );
    expect(play.count('installCapture')).toBe(0);
    broken = false;
    await play.update('retry', { by: 'olaf' });
    const waiting = await play.reach('awaitingApproval');
    expect(waiting.checks.map(({ name }) => name)).toEqual(['idempotent', 'seam']);
    expect(play.count('proveLogic')).toBe(2);
  });

  it('of the ledger to take a note is shown, and ends nothing', async () => {
    const deaf = (): never => {
      throw ApplicationFailure.nonRetryable('permission denied for table backfill_events [42501]', 'MissingPrivilege');
    };
    const play = await stage.start(() => ({ recordStatus: deaf, recordMessages: deaf }));
    await play.reach('awaitingApproval');
    await play.signal('aprove', { by: 'finance-controller' });
    const { refusals } = await play.until('both', (view) => view.refusals.at(-1)?.message === 'recordMessages');
    expect(refusals.at(-1)?.reason).toBe('recordMessages: permission denied for table backfill_events [42501]');
    expect(refusals.map(({ message }) => message)).toContain('recordStatus');
    await play.signal('abort', { by: 'olaf', reason: 'the ledger is gone' });
    expect(await play.handle.result()).toMatchObject({ status: 'aborted' });
  });

  it('while approval is awaited holds the run too, and a retry waits for approval again', async () => {
    let broken = true;
    const play = await stage.start(() => ({
      watchLiveWrites: () => {
        if (broken) throw ApplicationFailure.nonRetryable('column "tax" does not exist [42703]', 'StatementRefused');
        return untilCancelled();
      },
    }));
    expect((await play.reach('held')).hold?.from).toBe('awaitingApproval');
    broken = false;
    await play.signal('retry', { by: 'olaf' });
    await play.reach('awaitingApproval');
  });
});

describe('a check that fails', () => {
  const failsUntilWaived = (happy: Script): Partial<Script> => {
    let waived = false;
    return {
      rebuildClaim: async (input) =>
        !waived && input.claim.from <= 3 && input.claim.to >= 3
          ? stoppedAt(input.claim, { kind: 'failed', batch: 3, check: CHECK }, countsOf(1))
          : happy.rebuildClaim(input),
      recordDecision: async ({ decision }) => {
        waived ||= decision.kind === 'waive';
        return { kind: 'recorded' };
      },
    };
  };

  it('holds the run until an approver waives it, and the waiver is kept', async () => {
    const play = await stage.start(failsUntilWaived);
    const held = await play.reach('held');
    expect(held.hold).toMatchObject({
      from: 'building',
      batch: 3,
      check: CHECK,
      reason: 'batch 3 fails row_count: +3 (allowed: ±0)',
    });
    expect(held.waitingOn?.reason).toBe('held: batch 3 fails row_count: +3 (allowed: ±0); retry, waive or abort');
    expect(await play.update('waive', { by: 'dora', check: 'row_count', reason: 'mine' })).toContain(
      'requested this backfill',
    );
    expect(await play.update('waive', { by: 'finance-director', check: 'row_count', reason: 'late merchants' })).toBe(
      'waive is heard',
    );
    const waiting = await play.reach('awaitingApproval');
    expect(waiting.waivers).toMatchObject([
      { by: 'finance-director', check: 'row_count', batch: 3, reason: 'late merchants' },
    ]);
    expect(await play.update('approve', { by: 'finance-director', digest: waiting.evidenceDigest })).toBe(
      'approve: finance-director waived a check of this backfill; another approver must approve it',
    );
  });

  it('holds again when it is only tried again, and can be given up', async () => {
    const play = await stage.start(failsUntilWaived);
    await play.reach('held');
    const before = play.count('rebuildClaim');
    await play.signal('retry', { by: 'olaf' });
    await play.called('rebuildClaim', before + 1);
    await play.reach('held');
    await play.signal('abort', { by: 'olaf', reason: 'sources are wrong' });
    expect(await play.handle.result()).toMatchObject({ status: 'aborted' });
  });

  it('is not waived when the ledger refuses the waiver', async () => {
    const play = await stage.start((happy) => ({
      ...failsUntilWaived(happy),
      recordDecision: async () => ({ kind: 'refused', reason: 'the ledger refuses it: no such approver' }),
    }));
    await play.reach('held');
    await play.signal('waive', { by: 'finance-director', check: 'row_count', reason: 'x' });
    const refused = await play.until('the refusal', ({ refusals }) => refusals.length > 0);
    expect(refused).toMatchObject({
      status: 'held',
      waivers: [],
      refusals: [{ message: 'waive', reason: 'the ledger refuses it: no such approver' }],
    });
  });
});

describe('a rejection', () => {
  it('holds nothing when the ledger refuses it, and the evidence can still be approved', async () => {
    const play = await stage.start((happy) => ({
      recordDecision: async (input) =>
        input.decision.kind === 'reject'
          ? { kind: 'refused', reason: 'the ledger refuses it: finance-director is not an approver' }
          : happy.recordDecision(input),
    }));
    const { evidenceDigest } = await play.reach('awaitingApproval');
    await play.signal('reject', { by: 'finance-director', reason: 'wrong quarter' });
    const refused = await play.until('the refusal', ({ refusals }) => refusals.length > 0);
    expect(refused).toMatchObject({
      status: 'awaitingApproval',
      hold: null,
      refusals: [{ message: 'reject', reason: 'the ledger refuses it: finance-director is not an approver' }],
    });
    expect(await play.update('approve', { by: 'finance-controller', digest: evidenceDigest })).toBe('approve is heard');
    await play.reach('observing');
  });
});
