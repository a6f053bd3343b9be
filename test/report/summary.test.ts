import { describe, expect, it } from 'vitest';
import { sampleReport } from './sample-report.ts';

describe('the summary', () => {
  it('tells a finance controller what approving would mean', () => {
    expect(sampleReport({ releases: [], rollback: null, waivers: [] }).summary).toMatchInlineSnapshot(`
      [
        "Correct tax-inclusive revenue calculation (FIN-2841). The correction recomputes finance.daily_revenue from 2025-01-01 to before 2025-01-05: 4 partitions, one a day. Of 8 rows compared, 4 change; none is added or removed.",
        "revenue falls from 4,000,000.00 to 3,952,000.00, by 48,000.00 (-1.200%), inside the expected -1.5% to -0.8%. gross does not change: 4,800,000.00 before and after.",
        "Explained: 4 rows by “tax_was_included”. Every row that changes is explained.",
        "Checked as of 2025-02-01 09:59:00 UTC: of the whole run, 2 checks pass, none fails (and 1 figure for information); 1 of 2 batches passed on their own, 1 with a waiver; proofs before building: 1 check passes, none fails. Nothing was waived.",
        "Asked again: evidence decaf0000000 of 2025-01-31 08:00:00 UTC no longer stands. Since then 6 partitions were restated; revenue over the interval, live writes included, goes from 3,951,000.00 to 3,952,000.00 (+1,000.00) and gross is as before.",
        "Approving lets readers of finance.daily_revenue_current see the corrected rows, all at once, in one switch that makes no reader wait. finance.daily_revenue itself is not touched then: for 7 days at least, one statement takes the switch back. Only after that window and after finance-data and business-intelligence signed off are the corrected rows moved into finance.daily_revenue.",
      ]
    `);
  });

  it('shouts when a measure leaves its range and when rows are not explained', () => {
    const { measures, figures } = sampleReport();
    const [revenue] = measures;
    if (revenue === undefined) throw new Error('the sample has no measure');
    const { summary } = sampleReport({
      measures: [{ ...revenue, percent: '-2.000000' }],
      figures: { ...figures, unexplained: 1 },
    });
    expect(summary[1]).toContain('OUTSIDE the expected -1.5% to -0.8%');
    expect(summary[2]).toContain('1 row that changes is NOT explained');
  });

  it('says what is published, rolled back or consolidated', () => {
    const { releases } = sampleReport();
    const [release] = releases;
    if (release === undefined) throw new Error('the sample has no release');
    expect(sampleReport().summary.at(-1)).toContain('Release FIN-2841.2 is published');
    expect(sampleReport({ rollback: null }).summary.at(-1)).toContain(
      'Release FIN-2841 was rolled back at 2025-01-31 12:00:00 UTC; readers see the previous history. Approving lets',
    );
    expect(
      sampleReport({ rollback: null, releases: [{ ...release, state: 'consolidated' }] }).summary.at(-1),
    ).toContain('finance.daily_revenue itself holds the corrected rows now');
  });

  it('counts live writes apart', () => {
    const { liveWrites } = sampleReport();
    expect(sampleReport({ liveWrites: { ...liveWrites, rows: 37 } }).summary[3]).toContain(
      '37 rows that the live pipeline wrote meanwhile are reported apart',
    );
  });
});
