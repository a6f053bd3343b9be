import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

const LIMITS = { maxConcurrency: 1, dailyBytesBudget: null };

/** The statement that rolls back refuses once rows move; an administrator's own UPDATE does not ask it. */
describe('after a rollback by hand in the midst of consolidation', () => {
  let world: SmallDataset;
  beforeEach(async () => {
    world = await createDataset();
    await world.plan();
    await world.throughPublication();
    await world.signOff();
    await world.activities.consolidateClaim({ backfillId: 'fix-tax', limits: LIMITS });
    await world.query(
      'UPDATE governance.active_releases SET backfill_id = NULL, release_id = NULL, consolidating = false',
    );
    await world.query(`UPDATE governance.data_releases SET state = 'rolled_back', rolled_back_at = clock_timestamp()`);
  });
  afterEach(() => world.end());

  const close = () => world.activities.cleanUp({ backfillId: 'fix-tax', keepSnapshot: false });
  const tables = async () =>
    (
      await world.query<{ name: string }>(
        `SELECT relname AS name FROM pg_class WHERE relnamespace = 'finance'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1`,
      )
    ).map(({ name }) => name);
  const restore = () =>
    world.query(
      `UPDATE finance.sales_by_day b SET gross = s.gross, net = s.net, tax = s.tax FROM finance.sales_before s WHERE (s.day, s.merchant) = (b.day, b.merchant)`,
    );

  const again = async () => {
    const launch = {
      spec: world.scenario.spec.replace('fix-tax', 'fix-more').replace('sales_before', 'sales_before_more'),
      requestedBy: 'dora',
    };
    const outcome = await world.activities.planBackfill({ launch, workflowId: 'backfill-fix-more' });
    return outcome.kind === 'refused' ? outcome : { reasons: [] };
  };

  it('everything else is removed, and the only copy of the old rows is kept, with what to do', async () => {
    const { dropped, kept } = await close();
    expect(dropped).toEqual(['capture "finance"."sales_by_day"', 'shadow "finance"."sales_by_day_v2"']);
    expect(kept).toBe(
      'snapshot finance.sales_before is kept: in 14 of the partitions of finance.sales_by_day into which corrected rows were moved, the base is not what it holds; restore them from it, then backfill doctor --remove fix-tax',
    );
    expect(await tables()).toContain('sales_before');
    await world.query(`UPDATE governance.backfill_runs SET status = 'closed', ended_at = clock_timestamp()`);
    expect((await again()).reasons.filter((reason) => reason.includes('mixture'))).toEqual([
      'finance.sales_by_day shows a mixture: fix-tax was rolled back by hand while corrected rows moved into it, and 14 of its partitions are not what finance.sales_before holds; restore them from it, then backfill doctor --remove fix-tax; or drop finance.sales_before, if the base is as it should be',
    ]);
    await world.query('DROP TABLE finance.sales_before');
    expect((await again()).reasons.filter((reason) => reason.includes('mixture'))).toEqual([]);
  });

  it('the snapshot goes as well once the base is what it holds', async () => {
    await restore();
    expect((await close()).dropped).toContain('snapshot "finance"."sales_before"');
    expect(await tables()).not.toContain('sales_before');
  });
});

/** An abort in planning, whose workflow never learned that its plan was frozen. */
describe('giving up a plan that the workflow does not know of', () => {
  let world: SmallDataset;
  beforeEach(async () => {
    world = await createDataset();
  });
  afterEach(() => world.end());

  const giveUp = () => world.activities.cleanUp({ backfillId: 'fix-tax', keepSnapshot: false, unplanned: true });
  const run = () => world.query('SELECT status, ended_at IS NOT NULL AS ended FROM governance.backfill_runs');

  it('does nothing where the ledger holds none', async () => {
    expect(await giveUp()).toEqual({ dropped: [] });
    expect(await run()).toEqual([]);
  });

  it('ends the run that was left open, with what it made, so that the dataset is free', async () => {
    await world.plan();
    await world.preserve();
    expect((await giveUp()).dropped).toEqual([
      'capture "finance"."sales_by_day"',
      'snapshot "finance"."sales_before"',
      'shadow "finance"."sales_by_day_v2"',
    ]);
    expect(await run()).toEqual([{ status: 'aborted', ended: true }]);
  });

  it('leaves a release alone that readers see', async () => {
    await world.plan();
    await world.throughPublication();
    expect(await giveUp()).toEqual({ dropped: [] });
    expect(await run()).toMatchObject([{ ended: false }]);
  });

  it('refuses to remove what readers see where the workflow does know of it, for a person and once', async () => {
    await world.plan();
    await world.throughPublication();
    await expect(world.activities.cleanUp({ backfillId: 'fix-tax', keepSnapshot: false })).rejects.toMatchObject({
      type: 'StatementRefused',
      nonRetryable: true,
      message: 'finance.sales_by_day still shows fix-tax: roll it back first; nothing was removed',
    });
  });
});
