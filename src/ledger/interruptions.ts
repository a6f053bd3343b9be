import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';

/** One more try of a partition that ran out of time; the last of them begins the count anew. A checkpoint does too. */
export function countTimeout(backfillId: string, ordinal: number, most: number): Sql {
  return sql(
    `UPDATE governance.backfill_partitions SET timeouts = (timeouts + 1) % $3, timeouts_in_all = timeouts_in_all + 1 WHERE backfill_id = $1 AND ordinal = $2
     RETURNING CASE timeouts WHEN 0 THEN $3 ELSE timeouts END AS tries`,
    backfillId,
    ordinal,
    most,
  );
}

/** One more time that a partition's statement was cancelled because the gate closed. */
export function countGateCancel(backfillId: string, ordinal: number): Sql {
  return sql(
    `UPDATE governance.backfill_partitions SET gate_cancels = gate_cancels + 1, gate_cancels_in_all = gate_cancels_in_all + 1 WHERE backfill_id = $1 AND ordinal = $2
     RETURNING gate_cancels AS times`,
    backfillId,
    ordinal,
  );
}
