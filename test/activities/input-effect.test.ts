import { describe, expect, it } from 'vitest';
import { readReport } from '../../src/report/read-report.ts';
import { renderHtml } from '../../src/report/render-html.ts';
import { datasetWith, draftOf, failing } from '../support/drafts.ts';
import { CONTRACT, CORRECTED, SALES, SPEC } from '../support/sales-scenario.ts';

/** The published rows came of logic that forgot the tax; merchant 2 was never wrong. */
const TRUSTED = {
  contract: CONTRACT.replace(
    'sql: corrected.sql }',
    'sql: corrected.sql }\n  trusted:\n    - { from: 2024-01-01, sql: trusted.sql }',
  ),
  files: {
    ...SALES.files,
    'trusted.sql': CORRECTED.replace('s.gross - case when s.merchant % 2 = 1 then s.tax else 0 end', 's.gross'),
  },
};
const REPORTED = {
  ...TRUSTED,
  spec: SPEC.replace('row_count_tolerance: 0', 'row_count_tolerance: 0, input_drift: reported').replace(
    '"-8% to -1%"',
    '"-40% to 0%"',
  ),
};
/** Since the trusted build one source row of each merchant is gone on a sampled day, and one was changed by a fraction. */
const DELETED = `DELETE FROM staging.sales WHERE day = '2025-01-07' AND sale_id IN (SELECT min(sale_id) FROM staging.sales WHERE day = '2025-01-07' GROUP BY merchant);
  UPDATE staging.sales SET gross = gross + 0.01 WHERE day = '2025-01-10' AND merchant = 4 AND sale_id % 3 = 0`;

describe('source rows that were deleted since the trusted build', () => {
  it('refuse the plan unless the spec has drift reported', async () => {
    const draft = await draftOf({ ...TRUSTED, spec: SPEC.replace('"-8% to -1%"', '"-40% to 0%"') }, DELETED);
    expect(failing(draft)).toContain('reproduction');
    expect(draft).toMatchObject({ kind: 'refused', reasons: [expect.stringContaining('input_drift: reported')] });
  });

  it('are shown as the effect of inputs by partition and column, and add up with that of the logic to the last cent', async () => {
    const world = await datasetWith(REPORTED, DELETED);
    await world.plan();
    await world.activities.proveLogic({ backfillId: 'fix-tax' });
    await world.preserve();
    await world.build();
    await world.conclude();
    const report = await world.session((session) => readReport(session, 'fix-tax'));
    const { reproduction } = report.logic;
    const day = reproduction?.partitions.find(({ partition }) => partition === '2025-01-07');
    expect(day).toMatchObject({ rows: 5, drifted: 5, columns: { gross: 5, net: 5, keys: 0 } });
    const [gone] = await world.query<{ gross: string; logic: string }>(
      `SELECT ((SELECT sum(gross) FROM staging.sales WHERE day = '2025-01-07') - (SELECT sum(gross) FROM finance.sales_by_day WHERE day = '2025-01-07'))::text AS gross,
              (-(SELECT sum(tax) FROM staging.sales WHERE day = '2025-01-07' AND merchant % 2 = 1))::text AS logic`,
    );
    // Of the net, what the deleted rows take away is the inputs', and only the tax is the correction's.
    expect(Number(gone?.gross)).toBeLessThan(-100);
    expect(day?.effects['net']).toMatchObject({ input: gone?.gross, logic: gone?.logic });
    const cents = (text: string): number => Math.round(Number(text) * 100);
    for (const { effects } of [...(reproduction?.partitions ?? []), { effects: reproduction?.effects ?? {} }])
      for (const { input, logic, delta } of Object.values(effects))
        expect(cents(input) + cents(logic)).toBe(cents(delta));
    const sum = (reproduction?.partitions ?? []).reduce(
      (total, { effects }) => total + cents(effects['net']?.input ?? ''),
      0,
    );
    expect(sum).toBe(cents(reproduction?.effects['net']?.input ?? ''));
    expect(report.proofs.find(({ name }) => name === 'reproduction')).toMatchObject({ verdict: 'inconclusive' });
    const page = renderHtml(report);
    expect(page).toContain('Because inputs changed');
    expect(page).toContain(`<td class="number">${gone?.gross ?? ''}</td>`);
    expect(page).toContain('5 of 5');
  });

  it('are split in decimals, also where the measure is of floats', async () => {
    const world = await datasetWith(
      { ...REPORTED, contract: TRUSTED.contract.replace('net: sum(net)', 'net: exp(sum(net::float8) / 500)') },
      DELETED,
    );
    const draft = await world.draft();
    const effects = draft.rehearsal?.reproduction?.effects['net'];
    const [row] = await world.query<{ same: boolean }>('SELECT $1::numeric + $2::numeric = $3::numeric AS same', [
      effects?.input,
      effects?.logic,
      effects?.delta,
    ]);
    expect(row?.same).toBe(true);
  });
});

describe('the versions that built what', () => {
  it('stand in the report by the hash of each checkpoint, and no batch is of two', async () => {
    const world = await datasetWith({
      contract: CONTRACT.replace(
        'sql: corrected.sql }',
        'sql: corrected.sql }\n    - { from: 2025-01-05, sql: second.sql }',
      ),
      files: { ...SALES.files, 'second.sql': `${CORRECTED} ` },
    });
    const plan = await world.plan();
    await world.preserve();
    await world.build();
    const { logic } = await world.session((session) => readReport(session, 'fix-tax'));
    expect(logic.eras).toEqual(
      plan.eras.map(({ from, file, sha256 }, index) => ({
        era: index + 1,
        from,
        file,
        transformSha256: sha256,
        partitions: index === 0 ? 4 : 10,
      })),
    );
    expect(
      await world.query(
        'SELECT batch FROM governance.backfill_partitions GROUP BY batch HAVING count(DISTINCT era) > 1',
      ),
    ).toEqual([]);
  });
});
