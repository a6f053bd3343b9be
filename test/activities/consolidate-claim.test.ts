import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import type { ReconciliationFigures } from '../../src/domain/batch-verdict.ts';
import type { Check } from '../../src/domain/verdict.ts';
import { retireRelease } from '../../src/warehouse/postgres/statements/elevated.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

let world: SmallDataset;
let plan: BackfillPlan;
beforeEach(async () => {
  world = await createDataset();
  await world.query(
    'GRANT USAGE ON SCHEMA staging TO revenue_pipeline; GRANT USAGE ON ALL SEQUENCES IN SCHEMA staging TO revenue_pipeline',
  );
  plan = await world.plan();
  await world.throughPublication();
  await world.signOff();
});
afterEach(() => world.end());

const RUN = { backfillId: 'fix-tax' };
const LIMITS = { maxConcurrency: 1, dailyBytesBudget: null };
const consolidate = () => world.activities.consolidateClaim({ ...RUN, limits: LIMITS });
const pipeline = (text: string) => world.as('revenue_pipeline', text);

const checked = async (batch: number) =>
  (
    await world.query<{ state: string; figures: ReconciliationFigures; checks: Check[] }>(
      `SELECT state, figures, checks FROM governance.backfill_batches WHERE batch = ${batch}`,
    )
  )[0];

/** A late sale, and its day's row as the fixed pipeline writes it. */
async function lateSale(day: string, merchant: number, gross: number): Promise<void> {
  await pipeline(`INSERT INTO staging.sales (day, merchant, gross, tax) VALUES ('${day}', ${merchant}, ${gross}, 0)`);
  await pipeline(
    `INSERT INTO finance.sales_by_day (day, merchant, gross, net, tax)
     SELECT day, merchant, sum(gross), sum(gross - case when merchant % 2 = 1 then tax else 0 end), sum(tax) FROM staging.sales
      WHERE day = '${day}' AND merchant = ${merchant} GROUP BY 1, 2
     ON CONFLICT (day, merchant) DO UPDATE SET gross = EXCLUDED.gross, net = EXCLUDED.net, tax = EXCLUDED.tax`,
  );
}

describe('a batch whose rows are in the base by now', () => {
  beforeEach(async () => {
    expect(await consolidate()).toMatchObject({ upTo: 14, done: true, stopped: null });
  });

  it('is judged after a live write as before: moved rows are the correction, written rows are live', async () => {
    const before = await checked(1);
    await lateSale('2025-01-03', 1, 9_000);
    await lateSale('2025-01-04', 77, 9_000);
    expect(await consolidate()).toMatchObject({ upTo: 14, done: true, stopped: null });
    const after = await checked(1);
    expect(after?.state).toBe('passed');
    expect(before?.figures).toMatchObject({ rowsSame: 14, rowsChanged: 21, rowsLive: 0, rowsAdded: 0 });
    expect(after?.figures).toMatchObject({ rowsSame: 14, rowsChanged: 20, rowsLive: 2, rowsAdded: 0 });
    expect(await world.activities.retireOverlay(RUN)).toEqual({ retired: true });
  });

  it('holds consolidation when a live write leaves it outside its range, and a corrected source lets it go on', async () => {
    await world.query(
      `CREATE TABLE staging.lost AS SELECT * FROM staging.sales WHERE day = '2025-01-06' AND merchant = 2`,
    );
    await pipeline(`DELETE FROM staging.sales WHERE day = '2025-01-06' AND merchant = 2`);
    await pipeline(`UPDATE finance.sales_by_day SET updated_at = now() WHERE day = '2025-01-06' AND merchant = 1`);
    const { stopped } = await consolidate();
    expect(stopped).toMatchObject({ kind: 'failed', batch: 1, check: { name: 'row_count', figure: '-1' } });
    expect(await world.activities.retireOverlay(RUN)).toEqual({ retired: false });
    await expect(world.session((session) => session.rows(retireRelease(plan)))).rejects.toMatchObject({
      code: '55006',
      message: 'not consolidated: 1 marks, 0 partitions and 0 batches are open',
    });
    expect((await consolidate()).stopped).toMatchObject({ kind: 'failed', batch: 1 });
    await world.query(
      `INSERT INTO staging.sales (day, merchant, gross, tax) SELECT day, merchant, gross, tax FROM staging.lost`,
    );
    await pipeline(`UPDATE finance.sales_by_day SET updated_at = now() WHERE day = '2025-01-06' AND merchant = 1`);
    expect(await consolidate()).toMatchObject({ upTo: 14, done: true, stopped: null });
    // The row that was lost and came back never left what readers see.
    expect((await checked(1))?.figures).toMatchObject({ rowsLive: 0, rowsSame: 14, rowsChanged: 21 });
    expect(await world.activities.retireOverlay(RUN)).toEqual({ retired: true });
  });
});

describe('what the live pipeline wrote before the rows around it were moved', () => {
  it('stays live afterwards', async () => {
    await lateSale('2025-01-03', 1, 9_000);
    expect(await consolidate()).toMatchObject({ upTo: 14, done: true, stopped: null });
    await lateSale('2025-01-03', 2, 10);
    expect(await consolidate()).toMatchObject({ upTo: 14, done: true, stopped: null });
    expect((await checked(1))?.figures).toMatchObject({ rowsLive: 2, rowsChanged: 20, rowsSame: 13 });
  });
});
