import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { publishRelease, rollbackStatement } from '../../src/ledger/releases.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';
import { waitFor } from '../support/wait-for.ts';

let world: SmallDataset;
let plan: BackfillPlan;
beforeEach(async () => {
  world = await createDataset();
  plan = await world.plan();
  await world.preserve();
  await world.build();
  await world.conclude();
  await world.approve();
});
afterEach(() => world.end());

const publish = () =>
  world.activities.publishRelease({
    backfillId: 'fix-tax',
    windowMs: 60_000,
    limits: { maxConcurrency: 2, dailyBytesBudget: null },
  });
const rollBack = () => world.as('backfill_worker', rollbackStatement(plan, 'FIN-1'));
const releases = () => world.query('SELECT release_id, state FROM governance.data_releases ORDER BY epoch');
const write = (days: string) =>
  world.as('revenue_pipeline', `UPDATE finance.sales_by_day SET net = net WHERE day IN (${days})`);
const ROLLED_BACK = {
  kind: 'rolledBackByHand',
  by: 'backfill_worker (by hand)',
  release: { releaseId: 'FIN-1' },
};

describe('a publication whose reply was lost', () => {
  it('is answered again, whatever live writes there were since: they are no matter of the approval any more', async () => {
    const first = await publish();
    await write(`'2025-01-03', '2025-01-04', '2025-01-05'`);
    expect(await publish()).toEqual(first);
    expect(await releases()).toEqual([{ release_id: 'FIN-1', state: 'published' }]);
    expect(await world.query('SELECT void_since FROM governance.backfill_approvals')).toEqual([{ void_since: null }]);
  });

  it('and which was rolled back by hand before the retry stays rolled back, and nothing is done over it', async () => {
    await publish();
    await rollBack();
    await write(`'2025-01-03'`);
    expect(await publish()).toMatchObject(ROLLED_BACK);
    expect(await releases()).toEqual([{ release_id: 'FIN-1', state: 'rolled_back' }]);
    expect(await world.query(`SELECT max(builds) AS builds FROM governance.backfill_partitions`)).toEqual([
      { builds: 1 },
    ]);
    expect(
      await world.query(
        `SELECT kind FROM governance.announcements WHERE kind <> 'approval_requested' ORDER BY announcement_id`,
      ),
    ).toEqual([{ kind: 'published' }, { kind: 'rolled_back' }]);
    await world.conclude();
    await world.approve();
    expect(await world.publish()).toBe('FIN-1.2');
  });

  it('stays rolled back also when that happens while the retry is at work', async () => {
    await write(`'2025-01-03'`);
    const slots = await world.admin.connect();
    try {
      await slots.query(
        `SELECT pg_advisory_lock(hashtext('controlled-backfill:fix-tax'), slot) FROM generate_series(0, 1) slot`,
      );
      const retry = publish();
      const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'backfill/fix-tax/0' AND query LIKE '%pg_try_advisory_xact_lock%'`;
      await waitFor(async () => (await world.query(waiting)).length > 0, {
        timeoutMs: 20_000,
        describe: 'the retry to wait for a slot',
      });
      await world.query('DELETE FROM governance.dirty_partitions');
      const call = publishRelease({ plan, fence: 0, expected: null, windowMs: 60_000, armedView: await world.arm() });
      await world.session((session) => session.rows(call));
      await rollBack();
      await slots.query('SELECT pg_advisory_unlock_all()');
      expect(await retry).toMatchObject(ROLLED_BACK);
      expect(await releases()).toEqual([{ release_id: 'FIN-1', state: 'rolled_back' }]);
    } finally {
      slots.release();
    }
  });
});
