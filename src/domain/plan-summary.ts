import type { Identification } from './people.ts';

/** What a workflow needs to know of the frozen plan; the plan itself stays in the ledger. */
export interface PlanSummary {
  readonly backfillId: string;
  readonly dataset: string;
  readonly planHash: string;
  readonly specHash: string;
  readonly partitions: number;
  readonly batches: number;
  readonly issue: string;
  readonly owner: string;
  readonly publishedView: string;
  readonly approvers: readonly string[];
  /** How an approver has to be known at least; absent: a name in a message is enough. */
  readonly identification?: Identification;
  /** Closed periods that the interval changes, each with who has to approve that. */
  readonly reopened?: readonly { readonly name: string; readonly approver: string }[];
  readonly signOff: readonly string[];
  readonly maxConcurrency: number;
  readonly dailyBytesBudget: number | null;
  readonly dailyCostBudget?: number | null;
  readonly rollbackWindowMs: number;
  readonly retainAfterSignOffMs: number;
  readonly startedSignalExpiresMs: number;
  /** The first key and the key after the last: for summaries. */
  readonly firstKey: string;
  readonly endKey: string;
  /** How many monitors watch a release; absent: none. */
  readonly monitors?: number;
  /** Some of them need a figure from before the publication. */
  readonly baselines?: boolean;
  /** False: a breach that asks for a rollback holds the run instead. */
  readonly autoRollback?: boolean;
  /** Somebody is to be told what happens; absent: nobody. */
  readonly announces?: boolean;
  /** Removes late-write capture at once, for the person on call. */
  readonly detachStatement: string;
  /** The namespace knew the search attributes of runs when this run was planned; absent: it sets none. */
  readonly searchAttributes?: boolean;
}
