import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import type { KeyRange } from '../../../domain/backfill-spec.ts';
import type { Sql } from '../../sql.ts';
import { qualified, sql } from '../../sql.ts';
import { baseFingerprint } from './base-fingerprint.ts';
import type { BlocksRead } from './blocks-read.ts';
import { BLOCKS_READ } from './blocks-read.ts';
import { inputStateInForce } from './input-state.ts';
import { inSlice } from './slice.ts';

/** Empties one partition of the shadow, so that building it again gives the same rows. */
export function deleteSlice(plan: BackfillPlan, slice: KeyRange, table = qualified(plan.shadow)): Sql {
  return sql(`DELETE FROM ${table} WHERE ${inSlice(plan, { start: 1, end: 2 })}`, slice.start, slice.end);
}

/** What one partition began with. */
export interface Begun extends BlocksRead {
  /** Of its slice of the base, as `baseFingerprint` has it. */
  readonly fingerprint: string;
  /** The state of the reference inputs in force before it was built; null where there are none. */
  readonly inputState: number | null;
}

/**
 * Takes the marks of one partition, empties it, and answers what its base holds and the `BlocksRead` so far, those of the
 * fingerprint counted. The rebuild must be a later statement of the same READ COMMITTED transaction, so that it sees the
 * writes these marks stand for, and those that the fingerprint tells.
 */
export function beginPartition(plan: BackfillPlan, slice: KeyRange): Sql {
  const emptied = deleteSlice(plan, slice);
  const base = baseFingerprint(plan, slice);
  const key = `key::${plan.keyType}`;
  // Where there are none, what looking for them would read is not counted as a scan of the build.
  const inputState = plan.inputs.length === 0 ? 'NULL::int' : inputStateInForce('$3');
  return {
    text: `WITH emptied AS (${emptied.text}),
     consumed AS (DELETE FROM governance.dirty_partitions WHERE backfill_id = $3 AND key IS NOT NULL AND ${key} >= $1::${plan.keyType} AND ${key} < $2::${plan.keyType})
SELECT seen.fingerprint, seen."inputState", read.* FROM (SELECT base.fingerprint, ${inputState} AS "inputState" FROM (${base.text}) base) seen,
     LATERAL (${BLOCKS_READ} WHERE seen.fingerprint IS NOT NULL AND coalesce(seen."inputState", 0) >= 0) read`,
    values: [...emptied.values, plan.backfillId],
  };
}
