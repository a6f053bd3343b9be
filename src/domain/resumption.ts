import type { Release } from './backfill-state.ts';
import { TOWARDS_PUBLICATION } from './status.ts';

/** What the ledger says of a run whose workflow is gone. */
export interface LedgerStanding {
  /** As it was last recorded; the workflow may have died between a step and the record of it. */
  readonly status: string;
  /** Of the newest release; null where nothing was ever published. */
  readonly release: Release['state'] | null;
  /** Whether the published view shows this run's release, and whether its rows are moving into the base already. */
  readonly pointer: 'ours' | 'consolidating' | 'not ours';
  /** The newest evidence of the run is another than the one on which that release was approved. */
  readonly hasNewerEvidence: boolean;
  readonly hasMovedRows: boolean;
  /** Partitions are to be built, as after a replan with another logic. */
  readonly hasUnbuilt: boolean;
}

export type ResumedAt = 'observing' | 'rollingBack' | 'rolledBack' | 'consolidating' | 'closing' | 'aborting';

/** Statuses on the way to a new publication after a rollback, with the holds that may stop it. */
const REPUBLISHING: ReadonlySet<string> = new Set([...TOWARDS_PUBLICATION, 'held']);

/**
 * Where the run is taken up again; null for the way from the proofs on, on which nothing that is built is built twice.
 * Release and pointer decide, not the status alone: it may be older than a rollback by hand. Evidence that is newer than
 * the release shows that a person asked to publish again, for nothing else reconciles after a publication; so do partitions
 * that a replan gave back to the build.
 */
export function resumedAt(standing: LedgerStanding): ResumedAt | null {
  const { status, release, pointer } = standing;
  if (status === 'aborting' || status === 'closing') return status;
  if (release === null) return null;
  if (pointer === 'consolidating' || release === 'consolidated') return 'consolidating';
  if (pointer === 'ours') return status === 'rollingBack' ? 'rollingBack' : 'observing';
  // Consolidation sees the missing pointer and holds: a person restores what was moved.
  if (standing.hasMovedRows) return 'consolidating';
  return (standing.hasNewerEvidence || standing.hasUnbuilt) && REPUBLISHING.has(status) ? null : 'rolledBack';
}
