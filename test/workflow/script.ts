import { Context } from '@temporalio/activity';
import type { LedgerCounts } from '../../src/domain/backfill-state.ts';
import type { BatchRange } from '../../src/domain/batch-queue.ts';
import type { PlanSummary } from '../../src/domain/plan-summary.ts';
import type { Check } from '../../src/domain/verdict.ts';
import type { BackfillActivities, ClaimResult } from '../../src/protocol/activities.ts';
import { PLAN } from '../domain/states.ts';

/** What each activity of one backfill answers: as if there were a warehouse that does all at once. */
export type Script = {
  -readonly [K in keyof BackfillActivities]: (
    input: Parameters<BackfillActivities[K]>[0],
  ) => ReturnType<BackfillActivities[K]>;
};

export interface Settings {
  readonly plan?: Partial<PlanSummary>;
  /** Of the rollback window; long unless a test waits for its end. */
  readonly windowMs?: number;
}

/** A plan of six batches and twelve partitions on one lane, so that the order of commands is one. */
export const SMALL_PLAN: PlanSummary = {
  ...PLAN,
  partitions: 12,
  batches: 6,
  maxConcurrency: 1,
  rollbackWindowMs: 3_600_000,
  retainAfterSignOffMs: 1,
};
export const DIGEST = 'aa11bb22cc33dd44ee55ff6600112233445566778899aabbccddeeff00112233';
const PARTITIONS_PER_BATCH = 2;
/** Two batches fit into the five seconds of a claim. */
const BATCH_MS = 2_500;

/** The happy path; a test replaces what it is about. */
export function happyScript(backfillId: string, { plan, windowMs }: Settings = {}): Script {
  const built = new Set<number>();
  let releases = 0;
  const counts = (): LedgerCounts => countsOf(built.size);
  return {
    planBackfill: async () => ({
      kind: 'planned',
      plan: { ...SMALL_PLAN, ...(windowMs === undefined ? {} : { rollbackWindowMs: windowMs }), ...plan, backfillId },
      counts: counts(),
      requestedBy: 'dora',
      resume: null,
    }),
    proveIdempotency: async () => ({ checks: [{ ...CHECK, name: 'idempotent', level: 'proof', verdict: 'pass' }] }),
    proveLogic: async () => ({ checks: [{ ...CHECK, name: 'seam', level: 'proof', verdict: 'pass' }] }),
    installCapture: nothing,
    takeSnapshot: async () => ({ rows: 24 }),
    createShadow: nothing,
    rebuildClaim: async ({ claim }) => {
      for (let batch = claim.from; batch <= claim.to; batch += 1) built.add(batch);
      return finished(claim, counts());
    },
    concludeEvidence: async () => ({ kind: 'concluded', evidence: evidence(DIGEST), failed: null, counts: counts() }),
    watchLiveWrites: untilCancelled,
    measureBaselines: async () => ({ failed: null }),
    watchMonitors: untilCancelled,
    acceptInputs: async () => ({ kind: 'accepted', counts: counts() }),
    replan: async () => ({ kind: 'refused', reason: 'there is nothing to carry' }),
    publishRelease: async ({ windowMs: ms }) => {
      releases += 1;
      const releaseId = releases === 1 ? 'FIN-2841' : `FIN-2841.${releases}`;
      const now = Date.now();
      const deadline = new Date(now + ms).toISOString();
      const release = {
        releaseId,
        publishedAt: new Date(now).toISOString(),
        deadline,
        rollbackStatement: `undo ${releaseId}`,
      };
      return { kind: 'published', release };
    },
    rollBackRelease: async () => ({ at: new Date().toISOString() }),
    reshapeView: async ({ shape }) => ({ rollbackStatement: `undo ${shape}` }),
    consolidateClaim: async () => ({ upTo: 12, done: true, stopped: null }),
    retireOverlay: async () => ({ retired: true }),
    cleanUp: async () => ({ dropped: [] }),
    recordStatus: nothing,
    recordMessages: nothing,
    recordDecision: async () => ({ kind: 'recorded' }),
    awaitGate: nothing,
    deliverAnnouncements: ({ last }) => (last === true ? Promise.resolve({ undelivered: [] }) : untilCancelled()),
  };
}

export const CHECK: Check = { name: 'row_count', level: 'structural', verdict: 'fail', figure: '+3', limit: '±0' };

export function evidence(digest: string) {
  return { digest, asOf: '2026-06-15T10:00:00.000Z', checks: [], reportPath: null, headlines: ['revenue: -1.2%'] };
}

export function countsOf(batches: number): LedgerCounts {
  const partitionsDone = batches * PARTITIONS_PER_BATCH;
  return {
    partitionsDone,
    partitionsRebuilt: 0,
    batchesDone: batches,
    batchesFailed: 0,
    bytesScanned: partitionsDone * 1_000,
  };
}

export function finished({ from, to }: BatchRange, counts: LedgerCounts): ClaimResult {
  const batches = Array.from({ length: to - from + 1 }, (_, index) => ({
    batch: from + index,
    verdict: 'pass' as const,
    busyMs: BATCH_MS,
  }));
  return { finished: batches, counts, rest: null, stopped: null };
}

/** The whole claim goes back to the queue. */
export function stoppedAt(rest: BatchRange, stopped: ClaimResult['stopped'], counts: LedgerCounts): ClaimResult {
  return { finished: [], counts, rest, stopped };
}

/** Works until the workflow cancels it; the heartbeat is what brings the word. */
export async function untilCancelled(): Promise<never> {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat(), 50);
  try {
    return await context.cancelled;
  } finally {
    clearInterval(beat);
  }
}

async function nothing(): Promise<void> {
  await Promise.resolve();
}
