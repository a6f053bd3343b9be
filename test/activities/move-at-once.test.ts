import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import pg from 'pg';
import type { ConsolidationResult } from '../../src/protocol/activities.ts';
import { SALES } from '../support/sales-scenario.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';
import { waitFor } from '../support/wait-for.ts';

/** Who reads the base table past the view, with the spec's consent. */
describe('while somebody reads the base table itself', () => {
  let world: SmallDataset;
  let pipeline: pg.Client;
  beforeEach(async () => {
    world = await createDataset({ spec: `${SALES.spec}publication: { direct_readers: [dashboard] }\n` });
    await world.query('GRANT SELECT ON finance.sales_by_day TO dashboard');
    await world.plan();
    await world.throughPublication();
    await world.signOff();
    pipeline = new pg.Client({ connectionString: world.urls.revenue_pipeline });
    await pipeline.connect();
  });
  afterEach(async () => {
    await pipeline.end();
    await world.end();
  });

  const consolidate = (): Promise<ConsolidationResult> =>
    world.activities.consolidateClaim({
      backfillId: 'fix-tax',
      limits: { maxConcurrency: 1, dailyBytesBudget: null },
    });
  const base = async () => (await world.as('dashboard', 'SELECT sum(net)::text AS net FROM finance.sales_by_day'))[0];
  const view = async () => (await world.as('dashboard', 'SELECT sum(net)::text AS net FROM finance.sales_current'))[0];

  /** The pipeline holds a row in the midst of the interval that the correction changes; resolves when consolidation waits for it. */
  async function standing(): Promise<void> {
    await waitFor(
      async () =>
        (
          await world.query(
            `SELECT FROM pg_stat_activity WHERE usename = 'backfill_worker' AND wait_event_type = 'Lock' AND datname = current_database()`,
          )
        ).length > 0,
      { timeoutMs: 20_000, everyMs: 5, describe: 'consolidation at the row that is held' },
    );
  }
  const hold = async (): Promise<void> => {
    await pipeline.query('BEGIN');
    const { rowCount } = await pipeline.query(
      `SELECT FROM finance.sales_by_day WHERE day = '2025-01-09' AND merchant = 1 FOR UPDATE`,
    );
    expect(rowCount).toBe(1);
  };

  it('it changes from old to corrected history at one instant', async () => {
    const old = await base();
    const corrected = await view();
    expect(corrected).not.toEqual(old);
    await hold();
    const moved = consolidate();
    await standing();
    expect(await base()).toEqual(old);
    expect(await view()).toEqual(corrected);
    await pipeline.query('ROLLBACK');
    expect(await moved).toMatchObject({ upTo: 14, done: true, stopped: null });
    expect(await base()).toEqual(corrected);
    expect(await world.activities.retireOverlay({ backfillId: 'fix-tax' })).toEqual({ retired: true });
    expect(await view()).toEqual(corrected);
  });

  it('a late write into its midst undoes it whole, is rebuilt, and wins', async () => {
    const old = await base();
    await world.query(
      'GRANT USAGE ON SCHEMA staging TO revenue_pipeline; GRANT USAGE ON ALL SEQUENCES IN SCHEMA staging TO revenue_pipeline',
    );
    await hold();
    const moved = consolidate();
    await standing();
    expect(await base()).toEqual(old);
    await pipeline.query(`INSERT INTO staging.sales (day, merchant, gross, tax) VALUES ('2025-01-09', 1, 500, 0)`);
    await pipeline.query(
      `UPDATE finance.sales_by_day b SET gross = s.gross, net = s.net, tax = s.tax
         FROM (SELECT sum(gross) AS gross, sum(gross - tax) AS net, sum(tax) AS tax FROM staging.sales WHERE day = '2025-01-09' AND merchant = 1) s
        WHERE b.day = '2025-01-09' AND b.merchant = 1`,
    );
    await pipeline.query('COMMIT');
    expect(await moved).toMatchObject({ upTo: 14, done: true, stopped: null });
    expect(await base()).toEqual(await view());
    expect(
      await world.query(`SELECT gross::int FROM finance.sales_by_day b WHERE day = '2025-01-09' AND merchant = 1
                          AND gross = (SELECT sum(gross) FROM staging.sales s WHERE s.day = b.day AND s.merchant = b.merchant)`),
    ).toHaveLength(1);
    expect(await world.activities.retireOverlay({ backfillId: 'fix-tax' })).toEqual({ retired: true });
  });
});
