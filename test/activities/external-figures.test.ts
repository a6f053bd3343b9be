import { expect, it } from 'vitest';
import { figureProblems } from '../../src/spec/figures-file.ts';
import { formatProblem } from '../../src/spec/spec-problem.ts';
import { CONTRACT, SALES } from '../support/sales-scenario.ts';
import { createDataset } from '../support/small-dataset.ts';

/** As the general ledger has them: fifteen sales a day. */
const LEDGER = `select string_agg(day || ',' || gross, E'\\n' order by day) as lines from (select day, sum(gross) as gross from staging.sales where day <= '2025-01-14' group by day) d`;

async function withLedger(lines: (ledger: string) => string) {
  const source = await createDataset({ installed: false });
  const [row] = await source.query<{ lines: string }>(LEDGER);
  await source.end();
  return createDataset({
    contract: CONTRACT.replace('{ sql: gross.sql, tolerance: 0 }', '{ csv: ledger/gl.csv, tolerance: 0.01 }'),
    files: {
      'corrected.sql': SALES.files['corrected.sql'] ?? '',
      'ledger/gl.csv': `partition_start,value\n${lines(row?.lines ?? '')}\n`,
    },
  });
}

it('every partition agrees with the file; a day that is missing is no figure, and a surplus one is told', async () => {
  const world = await withLedger((ledger) => `${ledger.replace(/^2025-01-03,.*\n/m, '')}\n2025-02-01,17.5`);
  try {
    const plan = await world.plan();
    expect(plan.sourceTotals['gross']).toMatchObject({ file: 'ledger/gl.csv', tolerance: 0.01 });
    expect(plan.sourceTotals['gross']?.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(plan.warnings).toContain(
      'source total gross: ledger/gl.csv has no figure for 1 partitions, the first 2025-01-03',
    );
    expect(plan.warnings).toContain('source total gross: 1 figures of ledger/gl.csv lie outside the interval');
    await world.preserve();
    await world.build();
    const checks = await world.query(
      `SELECT batch, c -> 'verdict' AS verdict, c -> 'figure' AS figure FROM governance.backfill_batches, jsonb_array_elements(checks) c WHERE c ->> 'name' = 'source_total:gross' ORDER BY batch`,
    );
    expect(checks).toEqual([
      { batch: 1, verdict: 'inconclusive', figure: '0.00, no figure for 1 partition' },
      { batch: 2, verdict: 'pass', figure: '0.00' },
    ]);
  } finally {
    await world.end();
  }
});

it('a day that the ledger has otherwise stops the run', async () => {
  const world = await withLedger((ledger) => ledger.replaceAll(/^(2025-01-\d\d),(\d)/gm, '$1,1$2'));
  try {
    const draft = await world.draft();
    expect(draft.kind === 'refused' ? draft.reasons.join('\n') : '').toMatch(/source_total:gross/);
  } finally {
    await world.end();
  }
});

it('a file that is none is refused, line by line', () => {
  const problems = figureProblems(
    'partition_start,value\n2025-01-01,1.5\n2025-01-01,2\n2025-13-01,2\n2025-01-02;3\n',
    'gl.csv',
  );
  expect(problems.map(formatProblem)).toEqual([
    'gl.csv:3:1  a second figure of "2025-01-01"; allowed: one figure for each partition_start',
    'gl.csv:4:1  not a figure: "2025-13-01,2"; allowed: a day (and a time) and a number, such as 2025-01-31,1234.50',
    'gl.csv:5:1  not a figure: "2025-01-02;3"; allowed: a day (and a time) and a number, such as 2025-01-31,1234.50',
  ]);
  expect(figureProblems('day,value\n', 'gl.csv').map(formatProblem)).toEqual([
    'gl.csv:1:1  not the head of a file of figures: "day,value"; allowed: partition_start,value',
  ]);
});
