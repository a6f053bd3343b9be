import { afterEach, describe, expect, it } from 'vitest';
import type { Check } from '../../src/domain/verdict.ts';
import { CORRECTED, SALES, salesTables } from '../support/sales-scenario.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

let world: SmallDataset;
afterEach(() => world.end());

/** The proof as planning runs it, in the rehearsal. */
async function prove(corrected: string): Promise<Record<string, Pick<Check, 'verdict' | 'figure'>>> {
  world = await createDataset({ files: { ...SALES.files, 'corrected.sql': corrected } });
  return rehearsed();
}

async function rehearsed(): Promise<Record<string, Pick<Check, 'verdict' | 'figure'>>> {
  const { rehearsal } = await world.draft();
  const checks = (rehearsal?.checks ?? []).filter(({ name }) => name.startsWith('idempotency'));
  return Object.fromEntries(checks.map(({ name, verdict, figure }) => [name, { verdict, figure }]));
}

const NET = `cast(sum(s.gross - case when s.merchant % 2 = 1 then s.tax else 0 end) as numeric(14, 2)) as net`;

describe('the proof of idempotency', () => {
  it('passes for a transform that gives the same rows twice, leaves no table and writes its evidence', async () => {
    world = await createDataset();
    await world.plan();
    const proved = await world.activities.proveIdempotency({ backfillId: 'fix-tax' });
    const checks = Object.fromEntries(proved.checks.map((check) => [check.name, check]));
    expect(Object.values(checks).map((check) => check.verdict)).toEqual(['pass', 'pass', 'pass']);
    expect(checks['idempotency']?.figure).toMatch(/^5 rows of partition 2025-01-\d\d, built twice, equal$/);
    expect(
      await world.query(
        `SELECT relname FROM pg_class WHERE relname IN ('backfill_corrected', 'backfill_trusted', 'backfill_first_build')`,
      ),
    ).toEqual([]);
    expect(await world.query(`SELECT kind, body ->> 'proof' AS proof FROM governance.backfill_evidence`)).toEqual([
      { kind: 'proof', proof: 'idempotency' },
    ]);
  });

  it.each([
    {
      what: 'random()',
      corrected: CORRECTED.replace(NET, 'cast(sum(s.gross) * random() as numeric(14, 2)) as net'),
      column: 'net',
    },
    {
      what: 'now()',
      corrected: CORRECTED.replace(NET, 'cast(extract(microseconds from now()) as numeric(14, 2)) as net'),
      column: 'net',
    },
    {
      what: 'an unordered limit',
      corrected: CORRECTED.replace(
        NET,
        `cast((select x.gross from staging.sales x where x.day = s.day and x.merchant = s.merchant limit 1) as numeric(14, 2)) as net`,
      ),
      column: 'net',
    },
    {
      what: 'an aggregate that depends on the order of its rows',
      corrected: CORRECTED.replace(NET, 'cast((array_agg(s.gross))[1] as numeric(14, 2)) as net'),
      column: 'net',
    },
  ])('fails for $what and names the column', async ({ what, corrected, column }) => {
    if (what.includes('order') || what.includes('limit')) {
      world = await createDataset({ files: { ...SALES.files, 'corrected.sql': corrected } });
      // Two ways to the rows of a merchant, in two orders: the heap and an index that holds all that is asked for.
      await world.query(`UPDATE staging.sales SET gross = gross + sale_id % 3; CREATE INDEX ON staging.sales (day, merchant, gross DESC) INCLUDE (tax);
        INSERT INTO staging.sales (day, merchant, gross, tax) SELECT d::date, m, 1, 0 FROM generate_series(date '2020-01-01', date '2024-12-01', interval '1 day') d, generate_series(1, 5) m`);
      await world.query('VACUUM ANALYZE staging.sales');
      const checks = await rehearsed();
      expect(checks['idempotency']).toMatchObject({
        verdict: 'fail',
        figure: expect.stringMatching(new RegExp(`differ between two builds, in column ${column}$`)) as string,
      });
      return;
    }
    const checks = await prove(corrected);
    expect(checks['idempotency']?.verdict).toBe('fail');
    expect(checks['idempotency']?.figure).toMatch(
      new RegExp(`^5 rows of partition .* differ between two builds, in column ${column}$`),
    );
  });

  it('takes tables of more columns than a function has arguments', async () => {
    const names = Array.from({ length: 120 }, (_, index) => `c${index}`);
    world = await createDataset({
      tables: salesTables(`create table finance.sales_by_day (
        day date not null, merchant bigint not null, gross numeric(14, 2) not null, net numeric(14, 2), tax numeric(14, 2) not null,
        updated_at timestamptz not null default now(), ${names.map((name) => `${name} integer default 1`).join(', ')}, primary key (day, merchant));`),
      files: {
        ...SALES.files,
        'corrected.sql': CORRECTED.replace('as tax', `as tax, ${names.map((name) => `1 as ${name}`).join(', ')}`),
      },
    });
    await world.plan();
    const { checks } = await world.activities.proveIdempotency({ backfillId: 'fix-tax' });
    expect(checks.map((check) => check.verdict)).toEqual(['pass', 'pass', 'pass']);
    await world.preserve();
    await world.build();
  });

  it('fails where the data began to matter after the plan, and the evidence says so', async () => {
    const flaky = CORRECTED.replace(
      NET,
      `${NET.replace('sum(s.gross -', 'sum(case when s.gross > 1000 then random() * 100 else s.gross end -')}`,
    );
    world = await createDataset({ files: { ...SALES.files, 'corrected.sql': flaky } });
    await world.plan();
    await world.query('UPDATE staging.sales SET gross = 2000');
    const { checks } = await world.activities.proveIdempotency({ backfillId: 'fix-tax' });
    expect(checks[0]).toMatchObject({ name: 'idempotency', level: 'proof', verdict: 'fail' });
    expect(
      await world.query(`SELECT body #>> '{checks,0,verdict}' AS verdict FROM governance.backfill_evidence`),
    ).toEqual([{ verdict: 'fail' }]);
  });

  it('fails for duplicate keys, and counts them', async () => {
    const checks = await prove(`${CORRECTED} union all ${CORRECTED}`);
    expect(checks['idempotency_keys']).toEqual({
      verdict: 'fail',
      figure: expect.stringMatching(/^5 duplicate keys in partition /) as string,
    });
  });

  it('fails for rows outside the partition', async () => {
    const checks = await prove(CORRECTED.replace('select s.day, s.merchant', 'select s.day + 1 as day, s.merchant'));
    expect(checks['idempotency_neighbours']?.verdict).toBe('fail');
    expect(checks['idempotency_neighbours']?.figure).toMatch(/rows outside their partition$/);
  });
});
