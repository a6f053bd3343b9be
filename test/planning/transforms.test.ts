import { afterEach, describe, expect, it } from 'vitest';
import { CONTRACT, CORRECTED, SALES, salesTables } from '../support/sales-scenario.ts';
import type { Scenario, SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

let world: SmallDataset;
afterEach(() => world.end());

async function reasonsFor(corrected: string, scenario: Partial<Scenario> = {}): Promise<readonly string[]> {
  world = await createDataset({
    ...scenario,
    files: { ...SALES.files, ...scenario.files, 'corrected.sql': corrected },
  });
  const draft = await world.draft();
  return draft.kind === 'refused' ? draft.reasons : [];
}

describe('a transform is refused when it', () => {
  it.each([
    {
      what: 'does not parse',
      corrected: CORRECTED.replace('group by', 'grup by'),
      reason: /^corrected\.sql: the server refuses it: syntax error/,
    },
    {
      what: 'reads a table that does not exist',
      corrected: CORRECTED.replace('staging.sales', 'staging.sails'),
      reason: 'corrected.sql: the server refuses it: relation "staging.sails" does not exist',
    },
    {
      what: 'yields a column that the table does not have',
      corrected: CORRECTED.replace('as tax', 'as taxes'),
      reason: 'corrected.sql: yields column taxes, which finance.sales_by_day does not have',
    },
    {
      what: 'lacks a required column',
      corrected: CORRECTED.replace(/,\s*cast\(sum\(s.tax\) as numeric\(14, 2\)\) as tax/, ''),
      reason: 'corrected.sql: does not yield column tax of finance.sales_by_day, which is NOT NULL and has no default',
    },
    {
      what: 'yields another type',
      corrected: CORRECTED.replace('s.day, s.merchant, cast', 's.day, s.merchant::text as merchant, cast'),
      reason: 'corrected.sql: column merchant is text, in finance.sales_by_day it is bigint; cast it',
    },
    {
      what: 'yields fractions for a column of whole numbers',
      corrected: CORRECTED.replace('s.day, s.merchant, cast', 's.day, s.merchant::numeric as merchant, cast'),
      reason: 'corrected.sql: column merchant is numeric, in finance.sales_by_day it is bigint; cast it',
    },
  ])('$what', async ({ corrected, reason }) => {
    expect(await reasonsFor(corrected)).toContainEqual(
      typeof reason === 'string' ? reason : (expect.stringMatching(reason) as string),
    );
  });

  const withColumn = (column: string) => ({
    tables: salesTables(`create table finance.sales_by_day (
      day date not null, merchant bigint not null, gross numeric(14, 2) not null, net numeric(14, 2), tax numeric(14, 2) not null,
      updated_at timestamptz not null default now(), ${column}, primary key (day, merchant));`),
  });

  it('yields a column that the server computes', async () => {
    const reasons = await reasonsFor(
      CORRECTED.replace('as tax', 'as tax, cast(0 as numeric) as ratio'),
      withColumn('ratio numeric generated always as (net / nullif(gross, 0)) stored'),
    );
    expect(reasons).toEqual([
      'corrected.sql: yields column ratio, which the server computes by itself in finance.sales_by_day; leave it out',
    ]);
  });

  it('yields other columns in another era', async () => {
    const reasons = await reasonsFor(CORRECTED, {
      contract: CONTRACT.replace(
        'sql: corrected.sql }',
        'sql: corrected.sql }\n    - { from: 2025-01-08, sql: second.sql }',
      ),
      files: { 'second.sql': CORRECTED.replace('as tax', 'as tax, now() as updated_at') },
    });
    expect(reasons).toEqual([
      'second.sql: yields other columns (day, merchant, gross, net, tax, updated_at) than the eras before it (day, merchant, gross, net, tax)',
    ]);
  });
});

describe('a source total and a probe', () => {
  it('are refused with other columns than theirs', async () => {
    const reasons = await reasonsFor(CORRECTED, {
      contract: CONTRACT.replace('live_pipeline: {}', 'live_pipeline: { running: probe.sql }'),
      files: {
        'gross.sql': (SALES.files['gross.sql'] ?? '').replace('as value', 'as total'),
        'probe.sql': 'select true as running',
      },
    });
    expect(reasons).toEqual([
      'gross.sql: source total gross must yield partition_start, value; it yields partition_start, total',
      'probe.sql: a probe must yield running, since, name; it yields running',
    ]);
  });
});

/** As a compiled model stands in a repository: no placeholder, the whole history. */
const MODEL = CORRECTED.replace('where s.day >= :partition_start and s.day < :partition_end', '');

describe('a compiled model without placeholders', () => {
  it('is planned and built when the partition reaches the scan', async () => {
    expect(await reasonsFor(MODEL)).toEqual([]);
    const plan = await world.plan();
    await world.preserve();
    await world.build();
    expect(plan.estimate.samples.map((sample) => sample.rowsOut)).toEqual([5, 5, 5, 5, 5]);
    expect(
      await world.query('SELECT count(*)::int AS rows, count(DISTINCT day)::int AS days FROM finance.sales_by_day_v2'),
    ).toEqual([{ rows: 70, days: 14 }]);
  });

  it.each([
    {
      node: 'Aggregate',
      what: 'an aggregate that computes the key',
      model: MODEL.replace('select s.day,', 'select max(s.day) as day,').replace(
        'group by s.day, s.merchant',
        'group by s.sale_id, s.merchant',
      ),
    },
    {
      node: 'Subquery Scan',
      what: 'a window over the whole history',
      model: `select day, merchant, gross, cast(sum(net) over (partition by merchant order by day) as numeric(14, 2)) as net, tax from (${MODEL}) history`,
    },
    { node: 'Subquery Scan', what: 'a limit', model: `select * from (${MODEL} order by 1, 2 limit 1000) first` },
    {
      node: 'CTE Scan',
      what: 'a materialised common table',
      model: `with history as materialized (${MODEL}) select * from history`,
    },
  ])('is refused when the partition stays above $what, with the $node named', async ({ node, model }) => {
    const [reason, ...others] = await reasonsFor(model);
    expect(others).toEqual([]);
    expect(reason).toContain(
      'corrected.sql: has no :partition_start and :partition_end, and the partition predicate stays at a ',
    );
    expect(reason).toContain(node);
  });
});
