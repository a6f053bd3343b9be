import type { BackfillState, Evidence, Release } from '../../src/domain/backfill-state.ts';
import { openState } from '../../src/domain/backfill-state.ts';
import type { PlanSummary } from '../../src/domain/plan-summary.ts';
import type { BackfillStatus } from '../../src/domain/status.ts';
import type { Check } from '../../src/domain/verdict.ts';

export const NOW = '2026-06-15T10:00:00.000Z';
export const LATER = '2026-06-15T11:00:00.000Z';
export const DIGEST = '4f2c9e1a77d06b1d0c5e98aa31b2f6e0d4c3b2a190f8e7d6c5b4a39281706f5e';

export const PLAN: PlanSummary = {
  backfillId: 'revenue-tax-fix',
  dataset: 'finance.daily_revenue',
  planHash: 'c0ffee',
  specHash: 'decaf',
  partitions: 547,
  batches: 79,
  issue: 'FIN-2841',
  owner: 'finance-data',
  publishedView: 'finance.daily_revenue_current',
  approvers: ['finance-controller', 'finance-director', 'Dora'],
  signOff: ['finance-data', 'business-intelligence', 'revenue-operations'],
  maxConcurrency: 2,
  dailyBytesBudget: null,
  rollbackWindowMs: 604_800_000,
  retainAfterSignOffMs: 86_400_000,
  startedSignalExpiresMs: 7_200_000,
  firstKey: '2024-12-01',
  endKey: '2026-06-01',
  detachStatement: "SELECT governance.detach_capture('revenue-tax-fix')",
};

export const EVIDENCE: Evidence = {
  digest: DIGEST,
  asOf: NOW,
  checks: [],
  reportPath: 'reports/revenue-tax-fix.html',
  headlines: ['revenue: -1.2%'],
};

export const RELEASE: Release = { releaseId: 'FIN-2841', publishedAt: NOW, state: 'published' };

export const FAILING: Check = {
  name: 'delta:revenue',
  level: 'aggregate',
  verdict: 'fail',
  figure: '-3.100%',
  limit: '-1.5% to -0.8%',
};

/** A planned backfill that the person `dora` requested, in a status of the caller's choice. */
export function stateIn(status: BackfillStatus, changes: Partial<BackfillState> = {}): BackfillState {
  const open = openState('revenue-tax-fix', 'backfill-revenue-tax-fix', 'dora', NOW);
  return { ...open, plan: PLAN, limits: { maxConcurrency: 2, dailyBytesBudget: null }, status, ...changes };
}

/** Held in building on a failing check. */
export function heldOn(check: Check | null = FAILING, from: BackfillStatus = 'building'): BackfillState {
  const reason = check === null ? 'rebuildClaim: the warehouse is full' : `batch 12 fails ${check.name}`;
  return stateIn('held', { hold: { from, reason, since: NOW, check, batch: check === null ? null : 12 } });
}
