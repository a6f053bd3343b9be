import { describe, expect, it } from 'vitest';
import type { Expectations, ReconciliationFigures } from '../../src/domain/batch-verdict.ts';
import { formatPercent, judge, percentChange } from '../../src/domain/batch-verdict.ts';
import { describeCheck } from '../../src/domain/verdict.ts';
import { EXPECTS_NOTHING, NO_FIGURES } from '../support/expectations.ts';

const CLEAN: ReconciliationFigures = {
  ...NO_FIGURES,
  partitionsPlanned: 7,
  partitionsBuilt: 7,
  rowsOld: 100,
  rowsNew: 100,
  rowsSame: 60,
  rowsChanged: 38,
  rowsAdded: 0,
  rowsRemoved: 0,
  rowsLive: 2,
  liveMeasures: {},
  duplicateKeys: 0,
  uniqueIndexMissing: 0,
  rowsOutside: 0,
  nulls: { gross_revenue: 0, net_revenue: 0 },
  measures: { revenue: { old: '1000.00', new: '988.00' }, gross: { old: '1200.00', new: '1200.00' } },
  sourceDifferences: { gross: '0' },
  explained: { tax_was_included: 38 },
  unexplained: 0,
  attribution: {
    revenue: { 'explained:tax_was_included': '-12.00', live: '0.50', total: '-11.50' },
    gross: { live: '0', total: '0' },
  },
  absolute: { revenue: { 'explained:tax_was_included': '12.00' }, gross: {} },
};
const EXPECTED: Expectations = {
  ...EXPECTS_NOTHING,
  deltaExpected: { revenue: { batch: { low: -1.5, high: -0.8 } } },
  sourceTolerances: { gross: 0 },
  level: 'batch',
};

const NO_PARTS = { partitions: [], dimensions: {} };

const failing = (figures: Partial<ReconciliationFigures>, expected: Partial<Expectations> = {}): string[] =>
  judge({ ...CLEAN, ...figures }, { ...EXPECTED, ...expected }, NO_PARTS)
    .filter((check) => check.verdict === 'fail')
    .map(describeCheck);

describe('the verdict on a batch', () => {
  it('shows every check of a clean batch and fails none', () => {
    expect(failing({})).toEqual([]);
    const lines = judge(CLEAN, EXPECTED, NO_PARTS).map(
      (check) => `${check.level} ${check.verdict} ${describeCheck(check)}`,
    );
    expect(lines.join('\n')).toMatchInlineSnapshot(`
      "structural pass partitions_present: 7 (allowed: 7)
      structural pass row_count: 0 (allowed: ±0)
      structural pass unique_key: 0 (allowed: 0 duplicates)
      structural pass rows_outside: 0 (allowed: 0 rows outside their partitions)
      structural pass required:gross_revenue: 0 (allowed: 0 nulls)
      structural pass required:net_revenue: 0 (allowed: 0 nulls)
      aggregate pass delta:revenue: -1.200% (allowed: -1.5% to -0.8%)
      aggregate info delta:gross: +0.000% (allowed: none set)
      aggregate pass source_total:gross: 0 (allowed: ±0 in every partition)
      row info rows_changed: 38 (allowed: none set)
      row info rows_live: 2 (allowed: none set)
      row info explained:tax_was_included: 38 (allowed: none set)
      row info unexplained: 0 (allowed: none set)
      row pass attribution:revenue: 0.00 (allowed: 0 of the change left over)
      row pass attribution:gross: 0 (allowed: 0 of the change left over)"
    `);
  });

  it.each<[string, Partial<ReconciliationFigures>]>([
    ['partitions_present: 6 (allowed: 7)', { partitionsBuilt: 6 }],
    ['partitions_present: 8 (allowed: 7)', { partitionsBuilt: 8 }],
    ['row_count: +1 (allowed: ±0)', { rowsAdded: 1 }],
    ['row_count: -1 (allowed: ±0)', { rowsRemoved: 1 }],
    ['row_count: +3 -3 (allowed: ±0)', { rowsAdded: 3, rowsRemoved: 3 }],
    ['unique_key: 1 (allowed: 0 duplicates)', { duplicateKeys: 1 }],
    ['unique_key: no unique index, 0 duplicates (allowed: 0 duplicates)', { uniqueIndexMissing: 1 }],
    ['rows_outside: 1 (allowed: 0 rows outside their partitions)', { rowsOutside: 1 }],
    ['required:net_revenue: 1 (allowed: 0 nulls)', { nulls: { gross_revenue: 0, net_revenue: 1 } }],
    ['delta:revenue: -1.600% (allowed: -1.5% to -0.8%)', { measures: { revenue: { old: '1000', new: '984' } } }],
    ['delta:revenue: -0.700% (allowed: -1.5% to -0.8%)', { measures: { revenue: { old: '1000', new: '993' } } }],
    ['delta:revenue: +1.200% (allowed: -1.5% to -0.8%)', { measures: { revenue: { old: '1000', new: '1012' } } }],
    ['delta:revenue: from nothing (allowed: -1.5% to -0.8%)', { measures: { revenue: { old: '0', new: '5' } } }],
    ['source_total:gross: 0.01 (allowed: ±0 in every partition)', { sourceDifferences: { gross: '0.01' } }],
  ])('fails %s, and nothing else', (sentence, figures) => {
    expect(failing(figures)).toEqual([sentence]);
  });

  it('lets rows come and go within the tolerance, each by itself', () => {
    expect(failing({ rowsAdded: 2, rowsRemoved: 2 }, { rowCountTolerance: 2 })).toEqual([]);
    expect(failing({ rowsAdded: 3, rowsRemoved: 1 }, { rowCountTolerance: 2 })).toEqual([
      'row_count: +3 -1 (allowed: ±2)',
    ]);
    expect(failing({ rowsRemoved: 3 }, { rowCountTolerance: 2 })).toEqual(['row_count: -3 (allowed: ±2)']);
  });

  it('includes both ends of the expected range', () => {
    for (const now of ['985', '992']) expect(failing({ measures: { revenue: { old: '1000', new: now } } })).toEqual([]);
  });

  it('judges a delta at the level it is expected for, and shows it at the others', () => {
    const wrong = { measures: { revenue: { old: '1000', new: '500' } } };
    expect(failing(wrong, { level: 'partition' })).toEqual([]);
    expect(failing(wrong)).toHaveLength(1);
    const shown = judge({ ...CLEAN, ...wrong }, { ...EXPECTED, level: 'partition' }, NO_PARTS);
    expect(shown.find((check) => check.name === 'delta:revenue')).toMatchObject({
      verdict: 'info',
      figure: '-50.000%',
    });
  });

  it('passes an empty batch, which has no change to measure', () => {
    const none = { rowsOld: 0, rowsNew: 0, rowsSame: 0, rowsChanged: 0, rowsLive: 0 };
    expect(failing({ ...none, measures: { revenue: { old: '0', new: '0' } } })).toEqual([]);
  });

  it('takes a source total within its tolerance', () => {
    expect(failing({ sourceDifferences: { gross: '0.5' } }, { sourceTolerances: { gross: 0.5 } })).toEqual([]);
  });
});

describe('the change in percent', () => {
  it.each([
    ['100', '110', 10, '+10.000%'],
    ['100', '100', 0, '+0.000%'],
    ['100', '0', -100, '-100.000%'],
    ['0', '0', 0, '+0.000%'],
    ['0.00', '0', 0, '+0.000%'],
    ['0', '5', null, 'from nothing'],
    ['-100', '-110', -10, '-10.000%'],
    ['-100', '-90', 10, '+10.000%'],
    ['-100', '100', 200, '+200.000%'],
  ])('from %s to %s is %s', (old, now, percent, text) => {
    expect(percentChange({ old, new: now })).toBe(percent);
    expect(formatPercent(percent)).toBe(text);
  });
});
