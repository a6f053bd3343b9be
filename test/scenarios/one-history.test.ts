import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareWithTruth } from '../../examples/daily-revenue/truth.ts';
import { startReader } from '../support/reader.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

/** Crosses the interval's edge: half of it is corrected by publication, half never changes. */
const ACROSS_THE_EDGE = `SELECT sum(net_revenue)::text AS total FROM finance.daily_revenue_current WHERE revenue_date >= '2026-05-15' AND revenue_date < '2026-06-15'`;

describe('readers through publication, rollback and re-publication', () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld();
    await world.startWorker();
  });
  afterAll(() => world.end());

  const total = async (): Promise<string> =>
    (await world.admin.query<{ total: string }>(ACROSS_THE_EDGE)).rows[0]?.total ?? '';

  it('see the old total or the new one and nothing between', async () => {
    const before = await total();
    const run = await world.start({ set: { 'rollback.window': '1h' } });
    await run.reach('awaitingApproval');
    const readers = await Promise.all(
      ['dashboard', 'finance_export'].map((role) => startReader(world.urls[role] ?? '', ACROSS_THE_EDGE)),
    );
    await run.approve();
    await run.reach('observing');
    const after = await total();
    expect(after).not.toBe(before);

    expect(await run.update('rollback', { by: 'oncall', reason: 'rehearsal' })).toMatchObject({ ok: true });
    const back = await run.reach('rolledBack');
    expect(back.release).toMatchObject({ releaseId: 'FIN-2841', state: 'rolled_back' });
    expect(await total()).toBe(before);

    expect(await run.update('republish', { by: 'dora' })).toMatchObject({ ok: true });
    await run.reach('awaitingApproval');
    await run.approve();
    const again = await run.reach('observing');
    expect(again.release).toMatchObject({ releaseId: 'FIN-2841.2', state: 'published' });
    expect(await total()).toBe(after);

    for (const reader of readers) {
      const seen = await reader.stop();
      expect(seen.errors).toEqual([]);
      expect([...seen.values].sort()).toEqual([before, after].sort());
    }
    const { rows } = await world.admin.query(
      `SELECT release_id, state, approved_by, source_range, code_version IS NOT NULL AS versioned FROM governance.data_releases ORDER BY epoch`,
    );
    expect(rows).toEqual([
      {
        release_id: 'FIN-2841',
        state: 'rolled_back',
        approved_by: 'finance-controller',
        source_range: '[2024-12-01, 2026-06-01)',
        versioned: true,
      },
      {
        release_id: 'FIN-2841.2',
        state: 'published',
        approved_by: 'finance-controller',
        source_range: '[2024-12-01, 2026-06-01)',
        versioned: true,
      },
    ]);

    // The printed statement needs neither worker nor Temporal: pasted into a plain client, as the worker's own role.
    await world.stopWorker();
    const oncall = new pg.Client({ connectionString: world.urls['backfill_worker'] });
    await oncall.connect();
    const { rowCount } = await oncall.query(again.rollbackStatement ?? '');
    expect(rowCount).toBe(1);
    expect((await oncall.query(again.rollbackStatement ?? '')).rowCount).toBe(0);
    await oncall.end();
    expect(await total()).toBe(before);

    // And a worker that comes back notices it, and runs nothing over it.
    await world.startWorker();
    const noticed = await run.reach('rolledBack');
    expect(noticed.because).toMatch(/the ledger shows a rollback by backfill_worker \(by hand\)/);
    expect(await run.update('close', { by: 'dora' })).toMatchObject({ ok: true });
    expect(await run.result()).toMatchObject({ status: 'closed' });
    expect(await total()).toBe(before);
    const { different } = await compareWithTruth(world.adminUrl);
    expect(different).toBeGreaterThan(0);
  });
});
