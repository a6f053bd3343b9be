import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callActivities } from '../../bench/support/call-activities.ts';
import { renderEstimate } from '../../src/cli/render/estimate.ts';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { strideOf } from '../../src/planning/sample-partitions.ts';
import { readReport } from '../../src/report/read-report.ts';
import { CONTRACT, SALES, SALES_ROWS, SALES_SOURCE, SALES_VIEW, SCHEMAS, SPEC } from '../support/sales-scenario.ts';
import { datasetWith } from '../support/drafts.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

/** Eleven weeks in which weekends sell a third, days differ twelvefold, and two days are far beyond all others. */
const SKEWED_SOURCE = SALES_SOURCE.replace(
  /select d, m, 40[\s\S]*?generate_series\(1, 3\) s;/,
  `select d, 1 + k % 60, 40 + k % 31, (5 + k % 3)::numeric / 2
  from generate_series(date '2024-11-01', date '2025-01-16', interval '1 day') g, lateral (select g::date as d, (g::date - date '2024-11-01') as i) days,
    generate_series(1, ((40 + (i * 37 % 11) * 45) * case when extract(isodow from d) >= 6 then 0.33 else 1 end * case when d in ('2024-11-29', '2024-12-23') then 12 else 1 end)::int) k
  where d <> '2024-12-25' order by d;
create index on staging.sales (day);`,
);
const BASE = `create table finance.sales_by_day (day date not null, merchant bigint not null, gross numeric(14, 2) not null, net numeric(14, 2), tax numeric(14, 2) not null,
  updated_at timestamptz not null default now(), primary key (day, merchant));`;
const SKEWED = {
  tables: [
    SCHEMAS,
    SKEWED_SOURCE,
    BASE,
    SALES_ROWS,
    `delete from finance.sales_by_day where day = '2024-11-05';`,
    SALES_VIEW,
    'analyze;',
  ].join('\n'),
  contract: CONTRACT.replace('corrected:', 'corrected:').replace(
    'sql: corrected.sql }',
    'sql: corrected.sql }\n    - { from: 2024-12-01, sql: corrected.sql }',
  ),
  spec: SPEC.replace('2025-01-01', '2024-11-01')
    .replace('"-8% to -1%"', '"-50% to 50%"')
    .replace('row_count_tolerance: 0', 'row_count_tolerance: 100'),
};

describe('the estimate of a table whose days differ a hundredfold', () => {
  let world: SmallDataset;
  let plan: BackfillPlan;
  beforeAll(async () => {
    world = await createDataset(SKEWED);
    plan = await world.plan();
    await world.preserve();
    await world.build();
  });
  afterAll(() => world.end());

  it('is within a tenth of the bytes, and a twentieth of the rows, that the run really read and wrote', async () => {
    const [actual] = await world.query<{ bytes: number; rows: number }>(
      'SELECT sum(bytes)::float8 AS bytes, sum(rows)::float8 AS rows FROM governance.backfill_partitions',
    );
    expect(Math.abs(plan.estimate.bytesScanned / (actual?.bytes ?? 0) - 1)).toBeLessThan(0.1);
    expect(Math.abs(plan.estimate.rowsOut / (actual?.rows ?? 0) - 1)).toBeLessThan(0.1);
    const [read] = await world.query<{ rows: number }>(
      `SELECT count(*)::float8 AS rows FROM staging.sales WHERE day < '2025-01-15'`,
    );
    expect(Math.abs(plan.estimate.scannedRows / (read?.rows ?? 0) - 1)).toBeLessThan(0.05);
  });

  it('runs weekdays and weekends, and each era', () => {
    const days = plan.estimate.samples.map(({ partition }) => new Date(partition).getUTCDay());
    expect(new Set(days.map((day) => day === 0 || day === 6))).toEqual(new Set([true, false]));
    const eras = plan.estimate.samples.map(({ partition }) => partition < '2024-12-01');
    expect(new Set(eras)).toEqual(new Set([true, false]));
  });

  it('names missing days, empty ones, outliers and what each era builds', () => {
    const survey = plan.estimate.survey;
    expect(survey).toMatchObject({
      planned: 75,
      missing: { count: 2, first: ['2024-11-05', '2024-12-25'] },
      empty: { count: 1, first: ['2024-12-25'] },
      eras: [
        { from: '2024-01-01', partitions: 30, batches: 5 },
        { from: '2024-12-01', partitions: 45, batches: 7 },
      ],
    });
    expect(survey?.outliers.map(({ partition }) => partition)).toEqual(
      expect.arrayContaining(['2024-11-29', '2024-12-23']),
    );
  });

  it('is shown with how each figure is known', () => {
    const text = renderEstimate(plan, new Date('2026-01-01T00:00:00Z'));
    expect(text).toMatch(
      /rows scanned +about [\d,]+ \(the planner's, partition by partition, added up over all of them\)/,
    );
    expect(text).toMatch(/to check \(1 source total, each as much as the build\)/);
    expect(text).toMatch(/batches +12 in about \d claims? of some 5 s; about 3\d\d events of workflow history/);
    expect(text).toContain('not priced');
  });

  it('stands beside what was used in the report', async () => {
    const { work } = await world.session((session) => readReport(session, 'fix-tax'));
    expect(Math.abs(work.estimate.checkBytes / work.actual.checkBytes - 1)).toBeLessThan(0.1);
  });
});

describe('partitions that the planner is asked about', () => {
  it('are all of them up to two thousand, and beyond never in step with a week, a day or a year', () => {
    expect(strideOf(547)).toBe(1);
    expect([13_140, 100_000, 4_000].map(strideOf)).toEqual([11, 53, 5]);
  });
});

describe('a daily cost budget', () => {
  const spec = SPEC.replace('max_concurrency: 2', 'max_concurrency: 2, daily_cost_budget: 0.01');

  it('is refused where there are no prices', async () => {
    const world = await datasetWith({ spec });
    expect(await world.draft()).toMatchObject({
      kind: 'refused',
      reasons: [
        expect.stringMatching(/^execution\.daily_cost_budget is 0\.01, and there are no prices to reckon with/),
      ],
    });
  });

  it('closes the gate when the day has cost it, until midnight', async () => {
    const world = await datasetWith({ spec: SALES.spec });
    await world.plan();
    await world.preserve();
    const prices = { perTib: null, perHour: 3_600_000, currency: 'EUR' };
    const rebuild = (deps: Partial<typeof world.deps>, from: number) =>
      callActivities({ ...world.deps, ...deps }).rebuildClaim({
        backfillId: 'fix-tax',
        claim: { from, to: 2 },
        lane: 1,
        limits: { maxConcurrency: 1, dailyBytesBudget: null, dailyCostBudget: 0.5 },
      });
    expect((await rebuild({}, 1)).stopped).toMatchObject({
      kind: 'gate',
      reason: expect.stringContaining('this worker has no prices') as string,
    });
    await world.query(
      `INSERT INTO governance.backfill_spending (backfill_id, what, bytes, cached_bytes, duration_ms) VALUES ('fix-tax', 'build batch 1', 0, 0, 1)`,
    );
    expect((await rebuild({ prices }, 1)).stopped).toMatchObject({
      kind: 'gate',
      reason:
        'the daily cost budget of 0.50 EUR is spent (1.00 EUR today); raise it with setLimits or wait for midnight UTC',
      until: '2026-01-16T00:00:00.000Z',
    });
    expect((await rebuild({ prices: { ...prices, perHour: 1 } }, 1)).stopped).toBeNull();
  });
});
