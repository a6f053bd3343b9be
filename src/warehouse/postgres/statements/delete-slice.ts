import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import type { KeyRange } from '../../../domain/backfill-spec.ts';
import type { Sql } from '../../sql.ts';
import { qualified, sql } from '../../sql.ts';
import { baseFingerprint } from './base-fingerprint.ts';
import type { BlocksRead } from './blocks-read.ts';
import { BLOCKS_READ } from './blocks-read.ts';
import { inSlice } from './slice.ts';

/** Empties one partition of the shadow, so that building it again gives the same rows. */
export function deleteSlice(plan: BackfillPlan, slice: KeyRange, table = qualified(plan.shadow)): Sql {
  return sql(`DELETE FROM ${table} WHERE ${inSlice(plan, { start: 1, end: 2 })}`, slice.start, slice.end);
}

/** What one partition began with. */
export interface Begun extends BlocksRead {
  /** Of its slice of the base, as `baseFingerprint` has it. */
  readonly fingerprint: string;
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
  return {
    text: `WITH emptied AS (${emptied.text}),
     consumed AS (DELETE FROM governance.dirty_partitions WHERE backfill_id = $3 AND key IS NOT NULL AND ${key} >= $1::${plan.keyType} AND ${key} < $2::${plan.keyType})
SELECT seen.fingerprint, read.* FROM (${base.text}) seen, LATERAL (${BLOCKS_READ} WHERE seen.fingerprint IS NOT NULL) read`,
    values: [...emptied.values, plan.backfillId],
  };
}
