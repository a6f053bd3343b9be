import { describe, expect, it } from 'vitest';
import type { RecordedRun } from '../../src/cli/last-known-status.ts';
import { lastKnownStatus } from '../../src/cli/last-known-status.ts';
import type { DescribedBackfill } from '../../src/client/describe-backfill.ts';
import { viewOf } from './views.ts';

const described: DescribedBackfill = {
  workflowId: 'backfill-tax-fix',
  runId: 'r',
  isRunning: true,
  workflowStatus: 'RUNNING',
  historyLength: 77,
  startedAt: '2026-06-15T09:00:00.000Z',
  retry: null,
  memo: { status: 'building', since: '2026-06-15T09:10:00.000Z', waitingOn: 'pause window 08:00–10:00 UTC' },
};

const recorded: RecordedRun = {
  dataset: 'finance.daily_revenue',
  status: 'preserving',
  since: '2026-06-15T09:05:00.000Z',
  requestedBy: 'maria',
  workflowId: 'backfill-tax-fix',
  planHash: 'abc',
  specHash: 'def',
  partitions: { total: 547, done: 126, rebuilt: 0 },
  batches: { total: 79, done: 18, failed: 0 },
  bytesScanned: 5,
  evidence: { digest: 'd', checks: [] },
  approvals: [],
  approvers: { approvers: ['controller'] },
  waivers: [],
  release: {
    releaseId: 'FIN-1',
    publishedAt: '2026-06-15T09:00:00.000Z',
    state: 'published',
    deadline: '2026-06-22T09:00:00.000Z',
  },
  signOffs: [],
  refusals: [],
  liveWrites: null,
  monitors: [],
  undelivered: [],
  rollbackStatement: 'WITH moved …',
};

describe('what is known with no worker', () => {
  it('has every field that a worker would answer', () => {
    const known = lastKnownStatus('tax-fix', described, recorded);
    expect(Object.keys(known ?? {}).sort()).toEqual(Object.keys(viewOf()).sort());
    expect(known).toMatchObject({
      status: 'building',
      since: '2026-06-15T09:10:00.000Z',
      waitingOn: { reason: 'pause window 08:00–10:00 UTC' },
      partitions: { total: 547, done: 126 },
      release: { releaseId: 'FIN-1', state: 'published' },
      rollbackDeadline: '2026-06-22T09:00:00.000Z',
      rollbackStatement: 'WITH moved …',
      historyLength: 77,
    });
  });

  it('believes the ledger where it is newer than the memo', () => {
    const closed = { ...recorded, status: 'closed', since: '2026-06-15T09:20:00.000Z' };
    const known = lastKnownStatus('tax-fix', { ...described, isRunning: false }, closed);
    expect(known).toMatchObject({ status: 'closed', since: '2026-06-15T09:20:00.000Z', waitingOn: null });
  });

  it('says what a status waits for where the memo does not', () => {
    const memo = { status: 'awaitingApproval', since: '2026-06-15T09:10:00.000Z', waitingOn: 'nothing' };
    const known = lastKnownStatus('tax-fix', { ...described, memo }, recorded);
    expect(known?.waitingOn?.reason).toBe('an approver: approve or reject the evidence');
  });

  it('says that the workflow is gone while the run is not', () => {
    const known = lastKnownStatus('tax-fix', { ...described, isRunning: false, workflowStatus: 'TIMED_OUT' }, recorded);
    expect(known?.waitingOn?.reason).toBe('its workflow has ended (timed out) before the run did; see backfill doctor');
  });

  it('knows a refused plan, of which the ledger holds nothing', () => {
    const failed = { ...described, isRunning: false, workflowStatus: 'FAILED', memo: {} };
    expect(lastKnownStatus('tax-fix', failed, null)).toMatchObject({
      status: 'failed',
      waitingOn: null,
      dataset: null,
    });
  });

  it('makes do with the ledger, and knows nothing of a stranger', () => {
    expect(lastKnownStatus('tax-fix', null, recorded)).toMatchObject({
      status: 'preserving',
      workflowId: 'backfill-tax-fix',
    });
    expect(lastKnownStatus('tax-fix', null, null)).toBeNull();
  });
});
