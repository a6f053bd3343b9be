import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import type { Started, World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

describe('a run that waits, and one that is taken up again', () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld();
    await world.startWorker();
  });
  afterAll(() => world.end());

  const outside = async (run: Started) => world.client.workflow.getHandle(run.workflowId).describe();
  const terminate = (run: Started) => world.client.workflow.getHandle(run.workflowId).terminate('the pod is gone');

  it('says in its memo which gate is closed with every worker stopped, and keeps limits and pause over a termination', async () => {
    const set = { 'execution.daily_bytes_budget': '"2MB"' };
    const run = await world.start({ set });
    await waitFor(async () => /budget of 2\.0 MB is spent/.test((await run.status()).waitingOn?.reason ?? ''), {
      timeoutMs: 60_000,
      describe: 'the gate to close',
    });
    await world.stopWorker();
    const { memo } = await outside(run);
    expect(memo?.['status']).toBe('building');
    expect(memo?.['waitingOn']).toMatch(/^the daily bytes budget of 2\.0 MB is spent/);
    expect(JSON.stringify(memo).length).toBeLessThan(2_048);
    await world.startWorker();

    await run.update('pause', { by: 'olaf', reason: 'month end' });
    await run.update('setLimits', { by: 'olaf', max_concurrency: 1, daily_bytes_budget: '500GB' });
    await waitFor(
      async () => {
        const { rowCount } = await world.admin.query(
          `SELECT FROM governance.backfill_events WHERE backfill_id = $1 AND kind IN ('pause', 'setLimits')`,
          [run.id],
        );
        return rowCount === 2;
      },
      { timeoutMs: 20_000, describe: 'the ledger to be told' },
    );
    await terminate(run);
    const again = await world.start({ id: run.id, set });
    const paused = await waitFor(
      async () => {
        const view = await again.status();
        return view.paused === null ? null : view;
      },
      { timeoutMs: 30_000, describe: 'the pause to be in force again' },
    );
    expect(paused).toMatchObject({
      paused: { by: 'olaf', reason: 'month end' },
      limits: { maxConcurrency: 1, dailyBytesBudget: 5e11 },
    });
    await again.update('resume', { by: 'olaf' });
    await again.reach('awaitingApproval');
    await again.update('abort', { by: 'dora', reason: 'done' });
    await again.result();
  });

  it('polls without a trace in its history, asks no party twice, and is rolled back where somebody did that by hand', async () => {
    const set = { 'rollback.window': '1s' };
    const run = await world.start({ set });
    await run.reach('awaitingApproval');
    const attempts = async (): Promise<number> => (await outside(run)).raw.pendingActivities?.[0]?.attempt ?? 0;
    // Any step that is under way has one attempt; only a poll comes back.
    await waitFor(async () => (await attempts()) >= 2, { timeoutMs: 20_000, describe: 'the second poll' });
    const { historyLength } = await run.status();
    await waitFor(async () => (await attempts()) >= 4, { timeoutMs: 40_000, describe: 'the fourth poll' });
    expect((await run.status()).historyLength).toBe(historyLength);

    await run.approve();
    await run.reach('awaitingSignOff');
    expect(await run.update('signOff', { by: 'business-intelligence' })).toMatchObject({ ok: true });
    await waitFor(async () => (await run.status()).signOffs.length === 1, {
      timeoutMs: 10_000,
      describe: 'a sign-off',
    });
    await terminate(run);
    const again = await world.start({ id: run.id, set });
    const waiting = await again.reach('awaitingSignOff');
    expect(waiting.signOffs.map(({ party }) => party)).toEqual(['business-intelligence']);
    expect(waiting.waitingOn?.reason).toBe('sign-off by finance-data, revenue-operations');

    const { memo } = await outside(again);
    expect(memo?.['rollback']).toBe(waiting.rollbackStatement);
    expect(new TextEncoder().encode(JSON.stringify(memo)).length).toBeLessThan(2_048);
    await terminate(again);
    const { rowCount } = await world.admin.query(waiting.rollbackStatement ?? '');
    expect(rowCount).toBe(1);
    await world.admin.query(`UPDATE governance.backfill_runs SET status = 'publishing' WHERE backfill_id = $1`, [
      run.id,
    ]);
    const undone = await world.start({ id: run.id, set });
    expect(await undone.reach('rolledBack')).toMatchObject({ release: { state: 'rolled_back' } });
    expect(await undone.update('close', { by: 'dora' })).toMatchObject({ ok: true });
    expect(await undone.result()).toMatchObject({ status: 'closed' });
  });
});
