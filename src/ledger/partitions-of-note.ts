import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';

/** A partition that was not simply built once: how often it was built, and how often a build of it was ended. */
export interface PartitionOfNote {
  readonly partition: string;
  readonly batch: number;
  readonly builds: number;
  /** Builds that ran out of time. */
  readonly timeouts: number;
  /** Builds that were cancelled because the gate closed. */
  readonly gateCancels: number;
  /** Its batch passed because an approver waived a check. */
  readonly waived: boolean;
}

/** In key order. */
export function partitionsOfNote(backfillId: string, limit: number): Sql {
  return sql(
    `SELECT p.partition_start AS partition, p.batch, p.builds, p.timeouts_in_all AS timeouts, p.gate_cancels_in_all AS "gateCancels", b.state = 'waived' AS waived
       FROM governance.backfill_partitions p JOIN governance.backfill_batches b USING (backfill_id, batch)
      WHERE backfill_id = $1 AND (p.builds > 1 OR p.timeouts_in_all > 0 OR p.gate_cancels_in_all > 0 OR b.state = 'waived') ORDER BY p.ordinal LIMIT $2`,
    backfillId,
    limit,
  );
}
