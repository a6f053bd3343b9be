import type {
  Approval,
  BackfillState,
  Evidence,
  Hold,
  LedgerCounts,
  Release,
  Request,
  WaitingOn,
} from './backfill-state.ts';
import type { BatchRange } from './batch-queue.ts';
import type { LeftInForce } from './left-in-force.ts';
import type { LiveWrites } from './live-writes.ts';
import type { MonitorStatus } from './monitor.ts';
import type { PlanSummary } from './plan-summary.ts';
import type { Telling } from './received-message.ts';
import type { BackfillStatus } from './status.ts';
import type { Check } from './verdict.ts';
import type { Waiver } from './waiver.ts';

/** Everything that can happen to a backfill, as data. */
export type BackfillEvent =
  | {
      readonly type: 'planned';
      readonly plan: PlanSummary;
      readonly requestedBy: string;
      readonly counts: LedgerCounts;
    }
  | {
      readonly type: 'takenUp';
      readonly inForce: LeftInForce;
      readonly signOffs: BackfillState['signOffs'];
      readonly consolidated: number;
      readonly evidence: Evidence | null;
      /** On that evidence. */
      readonly approvals: readonly Approval[];
      readonly waivers: readonly Waiver[];
    }
  | { readonly type: 'moved'; readonly to: BackfillStatus; readonly because?: string }
  | { readonly type: 'held'; readonly hold: Omit<Hold, 'from' | 'since'>; readonly from?: BackfillStatus }
  | { readonly type: 'drifted'; readonly reason: string | null }
  | { readonly type: 'proposed'; readonly planHash: string; readonly lines: readonly string[] }
  | {
      readonly type: 'replanned';
      readonly plan: PlanSummary;
      readonly counts: LedgerCounts;
      /** The logic is another: everything goes back to the queue. */
      readonly rebuild: boolean;
    }
  /** What was built from another state of a reference input goes back to the queue. */
  | { readonly type: 'inputsAccepted'; readonly counts: LedgerCounts }
  | { readonly type: 'checked'; readonly checks: readonly Check[] }
  | { readonly type: 'claimed'; readonly queue: BackfillState['queue'] }
  | { readonly type: 'worked'; readonly work: Work }
  | { readonly type: 'liveWritesSeen'; readonly liveWrites: LiveWrites }
  | { readonly type: 'monitorsSeen'; readonly monitors: readonly MonitorStatus[]; readonly flutters: boolean }
  | { readonly type: 'announced'; readonly undelivered: readonly string[] }
  | { readonly type: 'monitorsUnknown'; readonly reason: string }
  | { readonly type: 'waiting'; readonly waiting: WaitingOn | null }
  | { readonly type: 'paused'; readonly by: string; readonly reason: string }
  | { readonly type: 'resumed' }
  | { readonly type: 'pipelineStarted'; readonly name: string }
  | { readonly type: 'pipelineFinished'; readonly name: string | null }
  | { readonly type: 'pipelinesExpired' }
  | { readonly type: 'limited'; readonly limits: Partial<BackfillState['limits']> }
  | { readonly type: 'requested'; readonly request: Request }
  | { readonly type: 'requestDone'; readonly request: Request }
  | { readonly type: 'concluded'; readonly evidence: Evidence }
  | { readonly type: 'approved'; readonly approval: Approval }
  | { readonly type: 'approvalVoid' }
  | { readonly type: 'waived'; readonly waiver: Waiver }
  | { readonly type: 'published'; readonly release: Release; readonly deadline: string; readonly statement: string }
  | { readonly type: 'reshaped'; readonly shape: BackfillState['shape']; readonly statement: string | null }
  | { readonly type: 'rolledBack'; readonly at: string }
  | { readonly type: 'signedOff'; readonly party: string }
  | { readonly type: 'consolidatedUpTo'; readonly partition: number }
  | { readonly type: 'consolidated'; readonly retainUntil: string }
  | { readonly type: 'received'; readonly telling: Telling }
  | { readonly type: 'told'; readonly upTo: number }
  | { readonly type: 'continued'; readonly advanced: boolean }
  | { readonly type: 'refused'; readonly message: string; readonly reason: string };

/** What one claim of batches did; `counts` is the ledger's word, null where it was not asked. */
export interface Work {
  readonly counts: LedgerCounts | null;
  readonly batches: number;
  readonly busyMs: number;
  readonly rest: BatchRange | null;
  /** The first batch of the rest ran out of time: it comes back by itself. */
  readonly split?: true;
}
