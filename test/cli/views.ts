import { nextActions } from '../../src/domain/next-actions.ts';
import type { StatusView } from '../../src/domain/status-view.ts';

/** A run in the middle of its work; tests say what is different. */
export function viewOf(different: Partial<StatusView> = {}): StatusView {
  const view: Omit<StatusView, 'next'> = {
    backfillId: 'tax-fix',
    dataset: 'finance.daily_revenue',
    status: 'building',
    since: '2026-06-15T09:00:00.000Z',
    waitingOn: null,
    partitions: { total: 547, done: 126, rebuilt: 0 },
    batches: { total: 79, done: 18, failed: 0 },
    bytesScanned: 1_230_000_000,
    evidenceDigest: null,
    checks: [],
    monitors: [],
    undelivered: [],
    approval: null,
    approvals: [],
    waivers: [],
    hold: null,
    drift: null,
    proposal: null,
    paused: null,
    release: null,
    rollbackDeadline: null,
    rollbackStatement: null,
    signOffs: [],
    refusals: [],
    liveWrites: null,
    limits: { maxConcurrency: 2, dailyBytesBudget: null },
    reportPath: null,
    historyLength: 142,
    planHash: '49a945d0d7d3',
    specHash: 'b1d5781111d8',
    workflowId: 'backfill-tax-fix',
    requestedBy: 'maria',
    because: null,
    ...different,
  };
  const evidence = view.evidenceDigest === null ? null : { digest: view.evidenceDigest };
  const known = { ...view, evidence, shape: 'armed' as const, requests: [], plan: null };
  return { ...view, next: different.next ?? nextActions(known) };
}
