import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DELTA_EDGES, deltaBuckets } from '../../src/domain/delta-distribution.ts';
import type { ReconciliationFigures } from '../../src/domain/batch-verdict.ts';
import type { DrillDown } from '../../src/domain/drill-down.ts';
import { LONG_SALES } from '../support/long-sales.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

let world: SmallDataset;
let body: { figures: ReconciliationFigures; drillDowns: readonly DrillDown[] };

/** What is added up over the batches of a whole run, against the same read by other means from the two tables at once. */
beforeAll(async () => {
  // Three sizes of change, one of them at the very edge of a bucket.
  const tax = '(5 + (m + s) % 3)::numeric / 2';
  const sizes = `CASE m WHEN 3 THEN CASE s WHEN 1 THEN 0.08 ELSE 0.01 END WHEN 5 THEN 5 ELSE ${tax} END`;
  world = await createDataset({ ...LONG_SALES, tables: (LONG_SALES.tables ?? '').replace(tax, sizes) });
  await world.plan();
  await world.preserve();
  await world.build();
  await world.conclude();
  const [row] = await world.query<{ body: typeof body }>(
    `SELECT body FROM governance.backfill_evidence WHERE kind = 'run'`,
  );
  if (row === undefined) throw new Error('no evidence of the run');
  body = row.body;
});
afterAll(() => world.end());

/** Every key of either table once, by set operations and sub-queries: no join, no batch, no class of rows. */
const KEYS = `SELECT k.day, k.merchant, (SELECT net FROM finance.sales_before o WHERE (o.day, o.merchant) = (k.day, k.merchant)) AS old,
    (SELECT net FROM finance.sales_by_day_v2 n WHERE (n.day, n.merchant) = (k.day, k.merchant)) AS new
  FROM (SELECT day, merchant FROM finance.sales_before UNION SELECT day, merchant FROM finance.sales_by_day_v2) k`;
const MOVED = `SELECT *, coalesce(new, 0) - coalesce(old, 0) AS moved FROM (${KEYS}) k`;

describe('over the whole run', () => {
  it('the attribution is what both tables say, read at once, to the last cent', async () => {
    const [read] = await world.query<{ total: string; explained: string; rest: string }>(
      `SELECT (SELECT sum(net) FROM finance.sales_by_day_v2) - (SELECT sum(net) FROM finance.sales_before) AS total,
              (SELECT sum(moved) FROM (${MOVED}) m WHERE new IN (SELECT o.net - o.tax FROM finance.sales_before o WHERE (o.day, o.merchant) = (m.day, m.merchant))) AS explained,
              (SELECT coalesce(sum(moved), 0) FROM (${MOVED}) m WHERE moved <> 0 AND new NOT IN (SELECT o.net - o.tax FROM finance.sales_before o WHERE (o.day, o.merchant) = (m.day, m.merchant))) AS rest`,
    );
    const { net } = body.figures.attribution;
    expect(Number(read?.total)).toBeLessThan(-1000);
    expect({
      total: net?.['total'],
      explained: net?.['explained:tax_was_included'],
      rest: net?.['unexplained'] ?? '0',
    }).toEqual(read);
  });

  it('rows are counted by how far they move', async () => {
    const read = await world.query<{ low: string; rows: string; delta: string }>(
      `SELECT (SELECT max(e) FROM unnest($1::numeric[]) e WHERE e <= abs(moved))::text AS low, count(*)::text AS rows, sum(moved)::text AS delta
         FROM (${MOVED}) m WHERE moved < 0 GROUP BY 1 ORDER BY 1`,
      [[...DELTA_EDGES]],
    );
    expect(read.map(({ low }) => low)).toEqual(['0.1', '1', '10']);
    const buckets = deltaBuckets(body.figures.deltas).filter(({ rows }) => rows > 0);
    expect(
      buckets
        .map(({ low, rows, delta }) => ({ low, rows: `${rows}`, delta }))
        .sort((a, b) => ((a.low ?? '') < (b.low ?? '') ? -1 : 1)),
    ).toEqual(read);
    expect(buckets.every(({ sign }) => sign === -1)).toBe(true);
  });

  it('each value of a dimension moves by what its rows move', async () => {
    const read = await world.query<{ value: string; rows: number; delta: string }>(
      `SELECT merchant::text AS value, count(*)::int AS rows, sum(moved)::text AS delta FROM (${MOVED}) m GROUP BY merchant ORDER BY abs(sum(moved)) DESC, 1`,
    );
    const [found] = body.drillDowns;
    expect(found).toMatchObject({ dimension: 'merchant', measure: 'net' });
    expect(found?.values?.map(({ value, rows, delta }) => ({ value, rows, delta }))).toEqual(read);
    const shares = found?.values?.map(({ shareOfDelta }) => shareOfDelta ?? NaN) ?? [];
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1);
    // The even merchants never had the tax in their prices.
    expect(found?.values?.filter(({ lift }) => lift === 0).map(({ value }) => value)).toEqual(['2', '4']);
  });
});
