import { describe, expect, it } from 'vitest';
import { checkOf, datasetWith, draftOf, failing } from '../support/drafts.ts';
import { CONTRACT, CORRECTED, SALES, SPEC, salesTables } from '../support/sales-scenario.ts';
import type { Scenario } from '../support/small-dataset.ts';

/** Every relation of every schema, and where its sequences stand. */
const EVERYTHING = `SELECT jsonb_build_array(
  (SELECT jsonb_agg(jsonb_build_array(relnamespace::regnamespace, relname, relkind, relacl::text) ORDER BY oid) FROM pg_class WHERE relnamespace::regnamespace::text !~ '^pg_(toast|temp)'),
  (SELECT jsonb_agg(jsonb_build_array(sequencename, last_value) ORDER BY sequencename) FROM pg_sequences),
  (SELECT jsonb_build_array(count(*), sum(hash_record_extended(s, 0))::text) FROM finance.sales_by_day s)) AS picture`;

describe('a rehearsal of the right logic', () => {
  it('builds five partitions, says what changes and why, passes, and leaves nothing', async () => {
    const world = await datasetWith();
    const [before] = await world.query(EVERYTHING);
    const draft = await world.draft();
    if (draft.kind !== 'plan') throw new Error(draft.reasons.join('\n'));
    const { partitions, topRows, checks, figures, batches } = draft.rehearsal;
    expect(partitions.map(({ partition }) => partition)).toEqual(
      draft.plan.estimate.samples.map((run) => run.partition),
    );
    expect(partitions).toHaveLength(5);
    expect(partitions.every(({ rowsOld, rowsNew }) => rowsOld === 5 && rowsNew === 5)).toBe(true);
    expect({ batches, changed: figures.rowsChanged, same: figures.rowsSame }).toEqual({
      batches: 2,
      changed: 15,
      same: 10,
    });
    expect(topRows[0]).toMatchObject({ class: 'changed', explanation: 'tax_was_included' });
    expect(
      Object.fromEntries(
        checks.filter(({ verdict }) => verdict !== 'info').map(({ name, verdict }) => [name, verdict]),
      ),
    ).toMatchInlineSnapshot(`
      {
        "attribution:gross": "pass",
        "attribution:net": "pass",
        "delta:net": "pass",
        "idempotency": "pass",
        "idempotency_keys": "pass",
        "idempotency_neighbours": "pass",
        "partitions_present": "pass",
        "reproduction": "inconclusive",
        "required:net": "pass",
        "row_count": "pass",
        "rows_outside": "pass",
        "seam": "pass",
        "source_total:gross": "pass",
        "unique_key": "pass",
      }
    `);
    expect(checkOf(draft, 'seam')?.figure).toBe('10 rows equal in 2025-01-15, 2025-01-16');
    expect(await world.query(EVERYTHING)).toEqual([before]);
  });

  it('takes nothing from the sequence of an audit column', async () => {
    const tables = salesTables(`create table finance.sales_by_day (
      day date not null, merchant bigint not null, gross numeric(14, 2) not null, net numeric(14, 2), tax numeric(14, 2) not null,
      updated_at timestamptz not null default now(), load_no bigserial not null, primary key (day, merchant));`);
    const world = await datasetWith({ tables });
    const [before] = await world.query(EVERYTHING);
    expect(await world.draft()).toMatchObject({ kind: 'plan' });
    expect(await world.query(EVERYTHING)).toEqual([before]);
  });

  it('builds at least one partition of each era, however short', async () => {
    const contract = CONTRACT.replace(
      'sql: corrected.sql }',
      [
        'sql: corrected.sql }',
        '{ from: 2025-01-08, sql: corrected.sql }',
        '{ from: 2025-01-09, sql: corrected.sql }',
      ].join('\n    - '),
    );
    const draft = await draftOf({ contract });
    expect(draft.rehearsal?.partitions.map(({ partition }) => partition)).toContain('2025-01-08');
  });

  it('may find one day outside the range of a batch', async () => {
    // All of one sampled day's change is taken away; the samples together still lie inside.
    const draft = await draftOf(
      {},
      `UPDATE finance.sales_by_day SET net = net + 60 WHERE day = '2025-01-07' AND merchant = 2`,
    );
    expect(failing(draft)).toEqual([]);
    const day = draft.rehearsal?.partitions.find(({ partition }) => partition === '2025-01-07');
    expect(Number(day?.measures['net']?.new) / Number(day?.measures['net']?.old)).toBeLessThan(0.92);
  });
});

describe('a plan is refused, with the check, its figure and its limit, when the samples', () => {
  const refusals: { what: string; changes?: Partial<Scenario>; plant?: string; reason: RegExp }[] = [
    {
      what: 'move a measure by another amount than the spec expects',
      changes: { spec: SPEC.replace('"-8% to -1%"', '"-0.5% to -0.1%"') },
      reason:
        /^the rehearsal on 5 sample partitions fails delta:net: -\d\.\d+% \(allowed: -0\.5% to -0\.1%\); correct the transform, or the range that the spec expects$/,
    },
    {
      what: 'have a day outside the range of a partition',
      changes: { spec: SPEC.replace('"-8% to -1%"', '{ partition: "-8% to -1%" }') },
      plant: `UPDATE finance.sales_by_day SET net = net + 60 WHERE day = '2025-01-07' AND merchant = 2`,
      reason:
        /fails partition_delta:net: -\d+\.\d+% in partition 2025-01-07 \(allowed: -8% to -1% in every partition\)/,
    },
    {
      what: 'lose rows',
      changes: { files: { ...SALES.files, 'corrected.sql': CORRECTED.replace('where', 'where s.merchant <> 4 and') } },
      reason:
        /fails row_count: -5 \(allowed: ±0\); correct the transform, or allow for it in validation\.row_count_tolerance/,
    },
    {
      what: 'lack a required value',
      changes: {
        files: {
          ...SALES.files,
          'corrected.sql':
            CORRECTED.replace('as net', 'as paid').replace(
              /^/,
              'select day, merchant, gross, nullif(paid, paid) as net, tax from (',
            ) + ') x',
        },
      },
      reason: /fails required:net: 25 \(allowed: 0 nulls\)/,
    },
    {
      what: 'disagree with an independent total',
      changes: {
        files: {
          ...SALES.files,
          'corrected.sql': CORRECTED.replace('sum(s.gross) as numeric', 'sum(s.gross) + 1 as numeric'),
        },
      },
      reason: /fails source_total:gross: 5\.00 \(allowed: ±0 in every partition\)/,
    },
    {
      what: 'have one day whose independent total is no number',
      changes: {
        files: {
          ...SALES.files,
          'gross.sql': (SALES.files['gross.sql'] ?? '').replace(
            'sum(s.gross) as value',
            `sum(s.gross) + case when s.day = date '2025-01-07' then 'NaN'::numeric else 0 end as value`,
          ),
        },
      },
      reason: /fails source_total:gross: NaN \(allowed: ±0 in every partition\)/,
    },
    {
      what: 'have one day whose measure is no number',
      changes: {
        spec: SPEC.replace('"-8% to -1%"', '{ partition: "-8% to -1%" }'),
        files: {
          ...SALES.files,
          'corrected.sql': CORRECTED.replace(
            'else 0 end)',
            `else case s.day when '2025-01-07' then 'NaN'::numeric else 0 end end)`,
          ),
        },
      },
      reason: /fails partition_delta:net: no number in partition 2025-01-07 \(/,
    },
    {
      what: 'cannot be built',
      changes: { files: { ...SALES.files, 'corrected.sql': CORRECTED.replace('sum(s.tax) as', 'sum(s.tax) / 0 as') } },
      reason:
        /^the rehearsal stops at partition 2025-01-\d\d of finance\.sales_by_day: division by zero \[22012\]; correct the transform/,
    },
  ];

  it('outside a range that the spec gives for the run alone are shown, and refuse nothing', async () => {
    const draft = await draftOf({ spec: SPEC.replace('"-8% to -1%"', '{ run: "-0.1% to 0%" }') });
    expect(draft.kind).toBe('plan');
    expect(checkOf(draft, 'delta:net')).toMatchObject({
      verdict: 'inconclusive',
      limit: '-0.1% to 0% over the whole run',
    });
  });

  it.each(refusals)('$what', async ({ changes, plant, reason }) => {
    const world = await datasetWith(changes, plant);
    const [before] = await world.query(EVERYTHING);
    const draft = await world.draft();
    expect(draft.kind).toBe('refused');
    expect(draft.kind === 'refused' ? draft.reasons : []).toContainEqual(expect.stringMatching(reason));
    expect(await world.query(EVERYTHING)).toEqual([before]);
  });
});
