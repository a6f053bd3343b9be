import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

describe('a reference table that changes while history is rebuilt', () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld();
    await world.startWorker();
  });
  afterAll(() => world.end());

  it('holds the run and names the batches before; a retry builds everything from one state', async () => {
    const run = await world.start({ set: { 'execution.max_concurrency': '1' } });
    await waitFor(async () => (await run.status()).batches.done > 2, { timeoutMs: 60_000, describe: 'some batches' });
    await world.admin.query(`UPDATE staging.merchants SET name = name || ' Ltd' WHERE merchant_id = 1001`);
    const held = await run.reach('held');
    expect(held.hold).toMatchObject({ from: 'building', inputsChanged: true });
    expect(held.waitingOn?.reason).toMatch(
      /reference input staging\.merchants changed while the run builds on it \(200 rows, other contents\); built before: batches? 1.*A retry takes it as it is now/,
    );
    expect(await run.update('retry', { by: 'dora' })).toMatchObject({ ok: true });
    await waitFor(async () => (await run.status()).status !== 'held', {
      timeoutMs: 30_000,
      describe: 'the hold to end',
    });
    const waiting = await run.reach('awaitingApproval');
    expect(waiting.checks).toContainEqual(expect.objectContaining({ name: 'reference_inputs', verdict: 'pass' }));
    const { rows } = await world.admin.query<{ states: number[] }>(
      `SELECT array_agg(DISTINCT input_state) AS states FROM governance.backfill_partitions WHERE backfill_id = $1`,
      [run.id],
    );
    expect(rows).toEqual([{ states: [2] }]);
    await run.update('abort', { by: 'dora', reason: 'seen' });
    await run.result();
  });
});
