import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { photograph } from '../support/catalogue.ts';
import { spoilBatches } from '../support/spoil-batches.ts';
import { waitFor } from '../support/wait-for.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

describe('a batch outside its expected range, which no sample showed', () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld();
    await spoilBatches(world.admin, world.urls['backfill_worker'] ?? '', 2);
    await world.startWorker();
  });
  afterAll(() => world.end());

  it('holds and says which check, figure and limit; abort leaves view, base, grants and triggers as they were', async () => {
    const before = await photograph(world.admin);
    const run = await world.start();
    const held = await run.reach('held');
    expect(held.hold).toMatchObject({
      from: 'building',
      check: { name: 'delta:revenue', verdict: 'fail', limit: '-1.5% to -0.8%' },
    });
    expect(held.waitingOn?.reason).toMatch(/batch \d+ fails delta:revenue: -5\.\d+% \(allowed: -1\.5% to -0\.8%\)/);
    expect(await run.update('abort', { by: 'dora', reason: 'wrong expectation' })).toMatchObject({ ok: true });
    expect(await run.result()).toMatchObject({ status: 'aborted' });
    expect(await photograph(world.admin)).toEqual(before);
    const kept = async (query: string): Promise<unknown[]> =>
      (await world.admin.query<Record<string, unknown>>(query, [run.id])).rows;
    expect(
      await kept(`SELECT kind FROM governance.backfill_evidence WHERE backfill_id = $1 GROUP BY 1 ORDER BY 1`),
    ).toEqual([{ kind: 'batch' }, { kind: 'proof' }]);
    expect(
      await kept(
        `SELECT actor, detail ->> 'reason' AS reason FROM governance.backfill_events WHERE backfill_id = $1 AND kind = 'abort'`,
      ),
    ).toEqual([{ actor: 'dora', reason: 'wrong expectation' }]);
  });

  it('goes on when a listed third person waives the check, and the waiver stands in the evidence', async () => {
    const probe = await world.start({ set: { 'execution.max_concurrency': '1' } });
    const first = await probe.reach('held');
    expect(await probe.update('waive', { by: 'dora', check: 'delta:revenue', reason: 'x' })).toMatchObject({
      ok: false,
    });
    expect(await probe.update('waive', { by: 'finance-director', check: 'row_count', reason: 'x' })).toMatchObject({
      ok: false,
      answer: 'waive: the failing check is "delta:revenue", not "row_count"',
    });
    const waived = await probe.update('waive', {
      by: 'finance-director',
      check: 'delta:revenue',
      reason: 'small batch',
    });
    expect(waived).toMatchObject({ ok: true });
    const second = await waitFor(
      async () => {
        const now = await probe.status();
        return now.status === 'held' && now.hold?.batch !== first.hold?.batch ? now : null;
      },
      { timeoutMs: 60_000, describe: 'the next batch to hold the run' },
    );
    expect(second.waivers).toHaveLength(1);
    const { rows } = await world.admin.query<{ body: unknown }>(
      `SELECT body FROM governance.backfill_evidence WHERE backfill_id = $1 AND kind = 'waiver'`,
      [probe.id],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]?.body).toMatchObject({
      by: 'finance-director',
      check: 'delta:revenue',
      batch: first.hold?.batch,
      reason: 'small batch',
    });
    await probe.update('waive', { by: 'finance-director', check: 'delta:revenue', reason: 'and this one' });
    const waiting = await waitFor(
      async () => {
        const now = await probe.status();
        return now.status === 'awaitingApproval' ? now : null;
      },
      { timeoutMs: 60_000, describe: 'approval to be awaited with two waivers' },
    );
    expect(waiting.batches).toEqual({ total: 79, done: 79, failed: 0 });
    await probe.update('abort', { by: 'dora', reason: 'done' });
    await probe.result();
  });
});
