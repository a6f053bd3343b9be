import { describe, expect, it } from 'vitest';
import { crossCheck } from '../../src/spec/cross-check.ts';
import { formatProblem } from '../../src/spec/spec-problem.ts';
import { CONTRACT, SPEC, contractOf, edited, specOf } from './documents.ts';

const NOON = '2026-06-15T12:00:00Z';

function problems(spec: string, contract = CONTRACT, now = NOON): string {
  const parsed = specOf(spec);
  const found = crossCheck(parsed.spec, contractOf(contract).contract, { locate: parsed.locate, now: new Date(now) });
  return found.map(formatProblem).join('\n') || 'accepted';
}

describe('a spec against its contract', () => {
  it('holds for the documented pair', () => {
    expect(problems(SPEC)).toBe('accepted');
  });

  it('names the same table and key, measures of the contract, and a snapshot of its own', () => {
    const spec = edited(
      SPEC,
      ['table: finance.daily_revenue', 'table: finance.daily_margin'],
      ['partition_key: revenue_date', 'partition_key: day'],
      ['revenue_delta_expected', 'constructor_delta_expected: "1%"\n  revenu_delta_expected'],
      ['finance.daily_revenue_pre_FIN_2841', 'finance.daily_revenue_current'],
    );
    expect(problems(spec)).toMatchInlineSnapshot(`
      "backfill.yaml:9:10  target.table: not the dataset of the contract: "finance.daily_margin"; allowed: finance.daily_revenue
      backfill.yaml:10:18  target.partition_key: not the partition key of the contract: "day"; allowed: revenue_date
      backfill.yaml:23:3  validation.constructor_delta_expected: not a measure of the contract: "constructor"; allowed: revenue, gross
      backfill.yaml:24:3  validation.revenu_delta_expected: not a measure of the contract: "revenu"; did you mean "revenue_delta_expected"? allowed: revenue, gross
      backfill.yaml:27:13  rollback.snapshot: is the published view itself: "finance.daily_revenue_current"; allowed: the name of a table that does not exist yet"
    `);
    expect(
      problems(
        SPEC,
        edited(
          CONTRACT,
          ['  revenue: sum(net_revenue)\n  gross: sum(gross_revenue)', '  {}'],
          ['  gross: { sql: totals/gross_by_day.sql, tolerance: 0 }', '  {}'],
          ['expect: equals_published', 'expect: within 1% of baseline'],
          ['expect: within 0.1%', 'expect: within 1% of baseline'],
        ),
      ),
    ).toMatchInlineSnapshot(
      `"backfill.yaml:23:3  validation.revenue_delta_expected: not a measure of the contract: "revenue"; allowed: none, since the contract has no measures"`,
    );
  });

  it('lies within the eras of the transform', () => {
    expect(
      problems(
        SPEC,
        edited(CONTRACT, ['corrected:\n    - { from: 2024-01-01', 'corrected:\n    - { from: 2024-12-02']),
      ),
    ).toMatchInlineSnapshot(
      `"backfill.yaml:5:10  source_range.start: lies before the first era of transform.corrected in the contract: "2024-12-01"; allowed: from 2024-12-02 on, or an earlier era in the contract"`,
    );
  });

  it('takes whole partitions, exclusions too', () => {
    const monthly = edited(CONTRACT, ['grain: day', 'grain: month']);
    const weekly = edited(CONTRACT, ['grain: day', 'grain: week'], ['2025-07-01', '2025-06-30']);
    expect(problems(SPEC, monthly)).toBe('accepted');
    expect(problems(edited(SPEC, ['2024-12-01', '2024-12-02'], ['2026-05-31', '2026-05-30']), monthly))
      .toMatchInlineSnapshot(`
      "backfill.yaml:5:10  source_range.start: cuts a partition: "2024-12-02"; allowed: for grain month the first day of a month
      backfill.yaml:6:8  source_range.end: cuts a partition: "2026-05-30"; allowed: for grain month the day before the first day of a month"
    `);
    expect(problems(SPEC, weekly)).toMatchInlineSnapshot(
      `"backfill.yaml:5:10  source_range.start: cuts a partition: "2024-12-01"; allowed: for grain week a Monday"`,
    );
    expect(problems(edited(SPEC, ['2024-12-01', '2024-12-02']), weekly)).toBe('accepted');
    const excluded = (days: string): string => edited(SPEC, ['\ntarget:', `  exclude: [${days}]\n\ntarget:`]);
    expect(problems(excluded('{ start: 2025-02-01, end: 2025-02-28 }'), monthly)).toBe('accepted');
    expect(problems(excluded('{ start: 2025-02-01, end: 2025-03-01 }'), monthly)).toMatchInlineSnapshot(
      `"backfill.yaml:7:3  source_range.exclude: cuts a partition at "2025-03-02"; allowed: whole partitions; for grain month the first day of a month"`,
    );
  });

  it('ends before the partition that is still open, in the zone of the key', () => {
    expect(problems(SPEC, CONTRACT, '2026-06-01T00:00:00Z')).toBe('accepted');
    expect(problems(SPEC, CONTRACT, '2026-05-31T23:59:59Z')).toMatchInlineSnapshot(
      `"backfill.yaml:6:8  source_range.end: reaches into partitions that are still open (today is 2026-05-31 in UTC): "2026-05-31"; allowed: the end of a day that is over"`,
    );
    const zone = (name: string): string => edited(CONTRACT, ['grain: day', `grain: day, time_zone: ${name}`]);
    expect(problems(SPEC, zone('America/Los_Angeles'), '2026-06-01T06:59:59Z')).toMatchInlineSnapshot(
      `"backfill.yaml:6:8  source_range.end: reaches into partitions that are still open (today is 2026-05-31 in America/Los_Angeles): "2026-05-31"; allowed: the end of a day that is over"`,
    );
    expect(problems(SPEC, zone('America/Los_Angeles'), '2026-06-01T07:00:00Z')).toBe('accepted');
    expect(problems(SPEC, zone('Pacific/Auckland'), '2026-05-31T12:00:00Z')).toBe('accepted');
    const june = edited(SPEC, ['2026-05-31', '2026-06-13']);
    expect(problems(june, edited(CONTRACT, ['grain: day', 'grain: month']))).toMatchInlineSnapshot(`
      "backfill.yaml:6:8  source_range.end: cuts a partition: "2026-06-13"; allowed: for grain month the day before the first day of a month
      backfill.yaml:6:8  source_range.end: reaches into partitions that are still open (today is 2026-06-15 in UTC): "2026-06-13"; allowed: the end of a month that is over"
    `);
  });
});
