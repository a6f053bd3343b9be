import { describe, expect, it } from 'vitest';
import type { Draft } from '../../src/planning/draft-plan.ts';
import { checkOf, draftOf, failing } from '../support/drafts.ts';
import { CONTRACT, CORRECTED, SALES, SPEC } from '../support/sales-scenario.ts';

/** The published rows came of logic that forgot the tax. */
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

describe('the seam', () => {
  it('is broken by one row that the pipeline wrote otherwise, partition and column named', async () => {
    const draft = await draftOf(
      {},
      `UPDATE finance.sales_by_day SET net = net + 0.01 WHERE day = '2025-01-16' AND merchant = 3`,
    );
    expect(failing(draft)).toEqual(['seam']);
    expect(checkOf(draft, 'seam')).toMatchObject({
      level: 'proof',
      figure: '1 rows differ in partition 2025-01-16, which holds 5 (net in 1)',
    });
    const [row, ...others] = draft.rehearsal?.seamRows ?? [];
    expect(others).toEqual([]);
    expect(row).toMatchObject({ partition: '2025-01-16', key: { day: '2025-01-16', merchant: '3' }, missing: null });
    const { published, corrected } = row?.columns['net'] ?? {};
    expect(Number(published) - Number(corrected)).toBeCloseTo(0.01, 6);
    expect(Object.keys(row?.columns ?? {})).toEqual(['net']);
  });

  it('is not broken by the day that ended only just now, and says so', async () => {
    const draft = await draftOf(
      {},
      `INSERT INTO staging.sales (day, merchant, gross, tax) SELECT current_date - 1, 3, 10, 1;
       INSERT INTO finance.sales_by_day (day, merchant, gross, net, tax) SELECT current_date - 1, 3, 10, 10, 1`,
    );
    expect(checkOf(draft, 'seam')).toMatchObject({
      verdict: 'inconclusive',
      figure: expect.stringMatching(/^1 rows differ in partition .* it ended so lately/) as string,
    });
  });

  it('is not broken by an audit column', async () => {
    const draft = await draftOf({}, `UPDATE finance.sales_by_day SET updated_at = 'epoch' WHERE day > '2025-01-14'`);
    expect(checkOf(draft, 'seam')?.verdict).toBe('pass');
  });

  it('is broken by a contract that is not the deployed code, though every expectation holds', async () => {
    const draft = await draftOf({
      files: { ...SALES.files, 'corrected.sql': CORRECTED.replace('s.merchant % 2 = 1', 's.merchant % 2 = 0') },
    });
    expect(failing(draft)).toEqual(['seam']);
    expect(draft.rehearsal?.seamRows).toHaveLength(10);
    expect(draft).toMatchObject({
      reasons: [expect.stringMatching(/bring transform\.corrected in line with what the live pipeline runs$/)],
    });
  });

  it('is broken by a row that the pipeline did not write', async () => {
    const draft = await draftOf({}, `DELETE FROM finance.sales_by_day WHERE day = '2025-01-15' AND merchant = 2`);
    expect(checkOf(draft, 'seam')?.figure).toBe('1 rows differ in partition 2025-01-15, which holds 4 (keys in 1)');
    expect(draft.rehearsal?.seamRows).toMatchObject([{ missing: 'published', key: { merchant: '2' } }]);
  });

  it('is inconclusive without a later partition, and the plan says so', async () => {
    const draft = await draftOf({}, `DELETE FROM finance.sales_by_day WHERE day > '2025-01-14'`);
    expect(checkOf(draft, 'seam')?.verdict).toBe('inconclusive');
    if (draft.kind !== 'plan') throw new Error(draft.reasons.join('\n'));
    expect(draft.plan.warnings).toContainEqual(
      expect.stringMatching(/^inconclusive: seam: no closed partition after the interval has rows to compare with/),
    );
  });
});

describe('the reproduction', () => {
  const effects = (draft: Draft) => ({
    input: checkOf(draft, 'input_effect:net')?.figure,
    logic: checkOf(draft, 'logic_effect:net')?.figure,
  });

  it('passes where the trusted logic gives what is published; all of the delta is the logic’s', async () => {
    const draft = await draftOf(TRUSTED);
    expect(checkOf(draft, 'reproduction')).toMatchObject({
      verdict: 'pass',
      figure: '25 rows of 5 partitions reproduced, 0 already corrected',
    });
    const { figures } = draft.rehearsal ?? {};
    const delta = (Number(figures?.measures['net']?.new) - Number(figures?.measures['net']?.old)).toFixed(2);
    expect(effects(draft)).toEqual({ input: `0.00 of ${delta}`, logic: `${delta} of ${delta}` });
  });

  it('takes rows that the fixed pipeline rewrote for corrected, not for drifted, and they move nothing', async () => {
    const draft = await draftOf(
      TRUSTED,
      `INSERT INTO staging.sales (day, merchant, gross, tax) VALUES ('2025-01-07', 1, 50, 5);
       UPDATE finance.sales_by_day b SET (gross, net, tax) = (SELECT sum(gross), sum(gross - tax), sum(tax) FROM staging.sales s WHERE s.day = b.day AND s.merchant = b.merchant)
        WHERE day = '2025-01-07' AND merchant = 1`,
    );
    expect(checkOf(draft, 'reproduction')).toMatchObject({
      verdict: 'pass',
      figure: '24 rows of 5 partitions reproduced, 1 already corrected',
    });
    expect(effects(draft).input).toMatch(/^0\.00 of /);
  });

  const DRIFT = `UPDATE staging.sales SET gross = gross + 10 WHERE day = '2025-01-07' AND merchant = 2 AND sale_id % 3 = 0`;

  it('fails when a source row of a sampled day was changed since, partition, columns and effect named', async () => {
    const draft = await draftOf(TRUSTED, DRIFT);
    expect(failing(draft)).toEqual(['reproduction']);
    expect(checkOf(draft, 'reproduction')?.figure).toBe(
      '1 of 5 rows of partition 2025-01-07 drifted (gross in 1, net in 1)',
    );
    const { input, logic } = effects(draft);
    const [inputEffect, delta] = (input ?? '').split(' of ').map(Number);
    expect(inputEffect).toBe(10);
    expect((inputEffect ?? 0) + Number(logic?.split(' of ')[0])).toBeCloseTo(delta ?? 0, 2);
    expect(draft).toMatchObject({
      reasons: [expect.stringMatching(/correct transform\.trusted, restore the inputs .* leave those partitions out/)],
    });
  });

  it('lets pass as many drifted rows of a partition as the spec tolerates, and says so', async () => {
    const draft = await draftOf(
      { ...TRUSTED, spec: SPEC.replace('row_count_tolerance: 0', 'row_count_tolerance: 1') },
      DRIFT,
    );
    expect(checkOf(draft, 'reproduction')).toMatchObject({
      verdict: 'pass',
      figure: '24 rows of 5 partitions reproduced, 0 already corrected, 1 drifted',
    });
  });

  it('counts a published row that no logic yields, and one that is missing', async () => {
    const draft = await draftOf(
      { ...TRUSTED, spec: SPEC.replace('row_count_tolerance: 0', 'row_count_tolerance: 1') },
      `UPDATE finance.sales_by_day SET merchant = 77 WHERE day = '2025-01-07' AND merchant = 2`,
    );
    expect(checkOf(draft, 'reproduction')?.figure).toBe('2 of 6 rows of partition 2025-01-07 drifted (keys in 2)');
  });

  it('is inconclusive without trusted logic, or where none of its eras holds a sample', async () => {
    expect(checkOf(await draftOf(), 'reproduction')).toMatchObject({
      verdict: 'inconclusive',
      figure: 'the contract has no transform.trusted to reproduce history with',
    });
    const late = {
      ...TRUSTED,
      contract: TRUSTED.contract.replace(
        '{ from: 2024-01-01, sql: trusted.sql }',
        '{ from: 2025-01-14, sql: trusted.sql }',
      ),
    };
    expect(checkOf(await draftOf(late), 'reproduction')).toMatchObject({
      verdict: 'inconclusive',
      figure: 'no sample partition lies in an era of transform.trusted',
    });
  });

  it('needs trusted logic that yields what the corrected logic yields', async () => {
    const draft = await draftOf({
      ...TRUSTED,
      files: {
        ...TRUSTED.files,
        'trusted.sql': TRUSTED.files['trusted.sql'].replace(/,\s*cast\([^,]*, 2\)\) as net/, ''),
      },
    });
    expect(draft).toMatchObject({
      kind: 'refused',
      reasons: [
        'trusted.sql: does not yield net, which the corrected logic yields; history cannot be compared with it',
      ],
    });
  });
});
