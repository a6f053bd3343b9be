import { expect, it } from 'vitest';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { estimateRun } from '../../src/domain/estimate.ts';
import { NO_ROW_SECURITY } from '../../src/domain/row-security.ts';
import { planHashOf } from '../../src/planning/plan-hash.ts';
import { CONTRACT, SPEC, contractOf, specOf } from '../spec/documents.ts';

const name = (of: string) => ({ schema: 'finance', name: of });
const estimate = (rows: number) =>
  estimateRun({
    partitions: 547,
    batches: 79,
    lanes: 2,
    plannedRows: rows,
    samples: [],
    sourceTotals: 1,
    inputs: { bytes: 0, durationMs: 0 },
    survey: null,
    prices: null,
  });

const PLAN: BackfillPlan = {
  version: 1,
  backfillId: 'revenue-tax-fix-2026-06',
  dataset: 'finance.daily_revenue',
  table: name('daily_revenue'),
  view: name('daily_revenue_current'),
  shadow: name('daily_revenue_v2'),
  snapshot: name('daily_revenue_pre_fin_2841'),
  spec: specOf(SPEC).spec,
  contract: contractOf(CONTRACT).contract,
  contractSha256: 'aa',
  codeVersion: '4f2c9e1+6b1d',
  contractsDirty: false,
  overrides: [],
  defaults: [],
  eras: [{ from: '2024-01-01', file: 'a.sql', sha256: 'bb', text: 'SELECT 1' }],
  trusted: [],
  inputs: [],
  sourceTotals: {},
  probe: null,
  monitors: [],
  announce: [],
  downstream: [],
  additiveMeasures: ['revenue'],
  keyType: 'date',
  keyRanges: [{ start: '2024-12-01', end: '2026-06-01' }],
  columns: [],
  uniqueKey: ['revenue_date', 'merchant_id'],
  comparedColumns: [],
  storedColumns: [],
  auditColumns: [],
  addedColumns: [],
  reopened: [],
  viewColumns: [],
  rowSecurity: NO_ROW_SECURITY,
  securityInvoker: false,
  baseFingerprint: 'cc',
  plainViewFingerprint: 'dd',
  functionPrefix: 'finance_daily_revenue',
  partitions: 547,
  batches: 79,
  estimate: estimate(1_000),
  warnings: [],
};

it('the identity of a plan ignores what was only estimated, and notices what will be done', () => {
  const hash = planHashOf(PLAN);
  expect(planHashOf({ ...PLAN, estimate: estimate(9_999), warnings: ['the view is read by 3 roles'] })).toBe(hash);
  const changed: readonly Partial<BackfillPlan>[] = [
    { eras: [{ from: '2024-01-01', file: 'a.sql', sha256: 'bb', text: 'SELECT 2' }] },
    { contractSha256: 'ab' },
    { batches: 80 },
    { baseFingerprint: 'ce' },
    { securityInvoker: true },
    { rowSecurity: { ...NO_ROW_SECURITY, enabled: true } },
    { spec: specOf(SPEC.replace('FIN-2841\n', 'FIN-2842\n')).spec },
  ];
  const hashes = changed.map((change) => planHashOf({ ...PLAN, ...change }));
  expect(new Set([hash, ...hashes]).size).toBe(changed.length + 1);
});
