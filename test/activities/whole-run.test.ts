import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPlan } from '../../activities/deps.ts';
import { judgeRun } from '../../activities/run-evidence.ts';
import { DELTA_EDGES, deltaBuckets } from '../../src/domain/delta-distribution.ts';
import type { ReconciliationFigures } from '../../src/domain/batch-verdict.ts';
import type { DrillDown } from '../../src/domain/drill-down.ts';
import { countGateCancel, countTimeout } from '../../src/ledger/interruptions.ts';
import { readReport } from '../../src/report/read-report.ts';
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

it('partitions whose builds ran out of time or were cancelled are known afterwards, built anew or not', async () => {
  const note = () => world.session(async (session) => (await readReport(session, 'fix-tax')).partitionsOfNote.listed);
  expect(await note()).toEqual([]);
  await world.session(async (session) => {
    for (let time = 0; time < 3; time += 1) await session.rows(countTimeout('fix-tax', 3, 3));
    await session.rows(countGateCancel('fix-tax', 4));
  });
  const still = { batch: 1, builds: 1, waived: false };
  expect(await note()).toEqual([
    { partition: '2025-01-04', ...still, timeouts: 3, gateCancels: 0 },
    { partition: '2025-01-05', ...still, timeouts: 0, gateCancels: 1 },
  ]);
});

it('a change inside its range in all and outside of it in one month is found where it is, and named', async () => {
  const other = await createDataset({
    ...LONG_SALES,
    contract: (LONG_SALES.contract ?? '').replace('"new.net = old.net - old.tax"', '"new.net < old.net"'),
    spec: (LONG_SALES.spec ?? '').replace(
      /net_delta_expected: .*/,
      'net_delta_expected: { partition: "-9% to -1%", run: "-8% to -1%" } }',
    ),
  });
  try {
    const { batches } = await other.plan();
    await other.preserve();
    // Four times the tax in February: far too much there, and little of the whole.
    await other.query(
      `UPDATE staging.sales SET tax = tax * 4 WHERE day >= date '2025-02-01' AND day < date '2025-03-01' AND merchant % 2 = 1`,
    );
    const limits = { maxConcurrency: 1, dailyBytesBudget: null };
    for (let from = 1; from <= batches; from += 1)
      await other.activities.rebuildClaim({ backfillId: 'fix-tax', claim: { from, to: from }, lane: 1, limits });
    const failed = await other.query<{ start: string; name: string; figure: string }>(
      `SELECT range_start AS start, c ->> 'name' AS name, c ->> 'figure' AS figure FROM governance.backfill_batches, jsonb_array_elements(checks) c
        WHERE c ->> 'verdict' = 'fail' ORDER BY batch`,
    );
    // February has parts in five batches of seven days, and nothing else in them is found.
    expect(failed.map(({ start, name }) => `${name} from ${start}`)).toEqual([
      'partition_delta:net from 2025-01-30',
      'partition_delta:net from 2025-02-06',
      'partition_delta:net from 2025-02-13',
      'partition_delta:net from 2025-02-20',
      'partition_delta:net from 2025-02-27',
    ]);
    for (const { figure } of failed) expect(figure).toMatch(/2025-02-\d\d/);
    const plan = await other.session((session) => loadPlan(session, 'fix-tax'));
    const { checks } = await other.session((session) => judgeRun(session, plan.plan));
    const verdictOf = (name: string) => checks.find((check) => check.name === name)?.verdict;
    expect(verdictOf('delta:net')).toBe('pass');
    expect(checks.find(({ name }) => name === 'partition_delta:net')).toMatchObject({
      verdict: 'fail',
      figure: expect.stringContaining('28') as string,
    });
  } finally {
    await other.end();
  }
});
