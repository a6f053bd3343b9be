import type { Check } from '../../src/domain/verdict.ts';
import type { Amendment } from '../../src/ledger/amendments.ts';
import { reportCommands } from '../../src/report/commands.ts';
import { compare } from '../../src/report/comparison.ts';
import type { MeasureReport, Report } from '../../src/report/report.ts';
import { summarise } from '../../src/report/summary.ts';
import { DELTAS, NO_CONSUMERS, WHERE } from './sample-parts.ts';
import { NO_LAG } from './no-lag.ts';
import { NO_FIGURES } from '../support/expectations.ts';
import { SPEC } from './sample-spec.ts';
import { SAMPLE_LOGIC, SAMPLE_WORK } from './sample-work.ts';

export const DIGEST = 'c0ffee'.padEnd(64, '0');

const check = (
  name: string,
  level: Check['level'],
  verdict: Check['verdict'],
  figure: string,
  limit: string,
): Check => ({ name, level, verdict, figure, limit });

const AMENDMENT: Amendment = {
  partition: '2025-01-02',
  rebuilds: 1,
  before: { revenue: '987879.500000', gross: '1200000.00' },
  after: { revenue: '988000.000000', gross: '1200000.00' },
  moved: { revenue: '120.500000', gross: '0.000000' },
};

const DAYS = ['2025-01-01', '2025-01-02', '2025-01-03', '2025-01-04', '2025-01-05'];

function measure(
  name: string,
  old: readonly string[],
  now: readonly string[],
  expected: MeasureReport['expected'],
): MeasureReport {
  const total = (values: readonly string[]): string => values.reduce((sum, value) => sum + Number(value), 0).toFixed(2);
  const points = old.map((value, index) => ({
    start: DAYS[index] ?? '',
    end: DAYS[index + 1] ?? '',
    ...compare(value, now[index] ?? ''),
  }));
  const whole = compare(total(old), total(now));
  return { name, expression: `sum(${name})`, expected, ...whole, months: [{ month: '2025-01', ...whole }], points };
}

/** Four days of two merchants; every field filled with something a person could have written. */
export function sampleReport(change: Partial<Report> = {}): Report {
  const facts: Omit<Report, 'summary'> = {
    version: 1,
    generatedAt: '2025-02-01T10:00:00.000Z',
    backfillId: 'revenue-tax-fix',
    dataset: 'finance.daily_revenue',
    publishedView: 'finance.daily_revenue_current',
    workflowId: 'backfill-revenue-tax-fix',
    status: 'awaitingApproval',
    requestedBy: 'dora',
    reason: SPEC.reason,
    evidence: {
      digest: DIGEST,
      asOf: '2025-02-01T09:59:00.000Z',
      server: '18.1',
      verification: { verified: true, pieces: 5, findings: [] },
      previous: {
        digest: 'decaf'.padEnd(64, '0'),
        asOf: '2025-01-31T08:00:00.000Z',
        restatedPartitions: 6,
        measures: {
          revenue: { before: '3951000.00', after: '3952000.00', difference: '1000.00' },
          gross: { before: '4800000.00', after: '4800000.00', difference: '0.00' },
        },
      },
    },
    plan: {
      planHash: 'a'.repeat(64),
      codeVersion: '4f2c9e1+6b1d',
      contractsDirty: false,
      contractSha256: 'b'.repeat(64),
      owner: 'finance-data',
      approvers: ['finance-controller', 'finance-director'],
      identification: 'claimed',
      reopened: [],
      signOff: ['finance-data', 'business-intelligence'],
      grain: 'day',
      partitions: 4,
      batches: 2,
      keyRanges: [{ start: '2025-01-01', end: '2025-01-05' }],
      snapshot: 'finance.daily_revenue_pre',
      shadow: 'finance.daily_revenue_v2',
      spec: SPEC,
      addedColumns: [],
      overrides: [{ path: 'rollback.window', value: '7d', was: '14d' }],
      defaults: [{ path: 'execution.order', value: 'oldest_first' }],
      transforms: [{ from: '2024-01-01', file: 'transforms/corrected.sql', sha256: 'd'.repeat(64) }],
      warnings: ['1 of 5 sample partitions yields no row'],
    },
    closedPeriods: [],
    work: SAMPLE_WORK,
    figures: {
      ...NO_FIGURES,
      partitionsPlanned: 4,
      partitionsBuilt: 4,
      rowsOld: 8,
      rowsNew: 8,
      rowsSame: 4,
      rowsChanged: 4,
      rowsAdded: 0,
      rowsRemoved: 0,
      rowsLive: 0,
      liveMeasures: { revenue: { old: '0', new: '0' } },
      duplicateKeys: 0,
      uniqueIndexMissing: 0,
      rowsOutside: 0,
      nulls: { net_revenue: 0 },
      measures: { revenue: { old: '4000000.00', new: '3952000.00' } },
      sourceDifferences: { gross: '0.00' },
      explained: { tax_was_included: 4 },
      unexplained: 0,
      deltas: DELTAS,
    },
    measures: [
      measure(
        'revenue',
        ['1000000.00', '1000000.00', '1000000.00', '1000000.00'],
        ['988000.00', '988000.00', '980000.00', '996000.00'],
        SPEC.validation.deltaExpected['revenue'] ?? {},
      ),
      measure(
        'gross',
        ['1200000.00', '1200000.00', '1200000.00', '1200000.00'],
        ['1200000.00', '1200000.00', '1200000.00', '1200000.00'],
        {},
      ),
    ],
    seriesFrom: 'tables',
    perPoint: 1,
    explanations: [
      { name: 'tax_was_included', condition: 'new.net_revenue = old.net_revenue - old.tax_amount', rows: 4 },
    ],
    checks: [
      check('row_count', 'structural', 'pass', '0', '±0'),
      check('delta:revenue', 'aggregate', 'pass', '-1.200%', '-1.5% to -0.8%'),
      check('rows_changed', 'row', 'info', '4', 'none set'),
    ],
    logic: SAMPLE_LOGIC,
    proofs: [
      check('idempotency', 'proof', 'pass', '2 rows of partition 2025-01-02, built twice, equal', 'the same rows'),
    ],
    batches: {
      total: 2,
      planned: 0,
      passed: 1,
      failed: 0,
      waived: 1,
      checks: [
        {
          name: 'delta:revenue',
          level: 'aggregate',
          limit: '-1.5% to -0.8%',
          pass: 1,
          fail: 0,
          waived: 1,
          inconclusive: 0,
          info: 0,
        },
      ],
      noticed: [
        {
          batch: 2,
          start: '2025-01-03',
          end: '2025-01-05',
          state: 'waived',
          checks: [check('delta:revenue', 'aggregate', 'waived', '-2.000%', '-1.5% to -0.8%')],
        },
      ],
    },
    changedRows: {
      measure: 'revenue',
      keyColumns: ['revenue_date', 'merchant_id'],
      rows: [
        {
          key: { revenue_date: '2025-01-03', merchant_id: 17 },
          class: 'changed',
          old: '600000.00',
          new: '580000.00',
          explanation: 'tax_was_included',
          columns: 'net_revenue',
        },
        {
          key: { revenue_date: '2025-01-04', merchant_id: 18 },
          class: 'removed',
          old: '12.50',
          new: null,
          explanation: null,
          columns: null,
        },
      ],
    },
    liveWrites: {
      lag: NO_LAG,
      rows: 0,
      openMarks: 0,
      amendedPartitions: 1,
      allowedPartitions: 1,
      moved: { revenue: '120.500000' },
      allowedMeasurePercent: 0.1,
      amendments: [AMENDMENT],
    },
    ...NO_CONSUMERS,
    ...WHERE,
    waivers: [
      {
        check: 'delta:revenue',
        batch: 2,
        figure: '-2.100%',
        limit: '-1.5% to -0.8%',
        by: 'finance-director',
        reason: 'a refund was booked twice',
        at: '2025-02-01T09:30:00.000Z',
      },
    ],
    decisions: [
      {
        decision: 'waive',
        by: 'finance-director',
        identified: 'claimed',
        digest: DIGEST,
        subject: '2:delta:revenue',
        comment: 'a refund was booked twice',
        at: '2025-02-01T09:30:00.000Z',
        voidBecause: 'evidence changed',
      },
    ],
    releases: [
      {
        releaseId: 'FIN-2841',
        state: 'rolled_back',
        publishedAt: '2025-01-31T09:00:00.000Z',
        approvedBy: 'finance-controller',
        rolledBackAt: '2025-01-31T12:00:00.000Z',
        amendments: 1,
        amendmentList: [AMENDMENT],
        amendmentDigest: 'e'.repeat(64),
      },
    ],
    rollback: {
      releaseId: 'FIN-2841.2',
      deadline: '2025-02-08T10:00:00.000Z',
      statement: 'UPDATE governance.active_releases SET release_id = NULL;',
      armed: true,
    },
    commands: reportCommands('revenue-tax-fix', 'backfill-revenue-tax-fix', DIGEST),
  };
  const report = { ...facts, ...change };
  return { ...report, summary: change.summary ?? summarise(report) };
}
