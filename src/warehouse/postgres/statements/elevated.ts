import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import type { Sql } from '../../sql.ts';
import { ident, qualified, sql } from '../../sql.ts';

const elevated = (plan: BackfillPlan, action: string): string =>
  `governance.${ident(`${plan.functionPrefix}_${action}`)}`;

/** Puts on what is missing, and marks every partition where live writes may have left no mark meanwhile. Idempotent. */
export function attachCapture(plan: BackfillPlan): Sql {
  return sql(`SELECT ${elevated(plan, 'attach_capture')}($1)`, plan.backfillId);
}

/** Triggers dropped. Idempotent. */
export function detachCapture(plan: BackfillPlan): Sql {
  return sql(`SELECT ${elevated(plan, 'detach_capture')}($1) AS dropped`, plan.backfillId);
}

export function proveCapture(plan: BackfillPlan): Sql {
  return sql(`SELECT ${elevated(plan, 'prove_capture')}($1) AS seen`, plan.backfillId);
}

export function captureIsWhole(plan: BackfillPlan): Sql {
  return sql('SELECT governance.capture_is_whole($1, $2::regclass) AS whole', plan.backfillId, qualified(plan.table));
}

/** Capture that nobody took off is not whole: live writes may have left no mark. */
export function captureIsBroken(plan: BackfillPlan): Sql {
  return sql(
    'SELECT EXISTS (SELECT FROM governance.captured_leaves WHERE backfill_id = $1) AND NOT governance.capture_is_whole($1, $2::regclass) AS broken',
    plan.backfillId,
    qualified(plan.table),
  );
}

/** `plain`, `armed` or `settled`; refused by the function where it would change what readers see. */
export function shapeView(plan: BackfillPlan, shape: 'plain' | 'armed' | 'settled'): Sql {
  return sql(`SELECT ${elevated(plan, 'shape_view')}($1, $2)`, plan.backfillId, shape);
}

/** Which shape the view has now, over whatever columns of ours; null where somebody else defined it. */
export function viewShape(plan: BackfillPlan): Sql {
  return sql(`SELECT ${elevated(plan, 'view_shape')}($1) AS shape`, plan.backfillId);
}

export function viewFingerprint(plan: BackfillPlan): Sql {
  return sql('SELECT governance.view_fingerprint($1::regclass) AS fingerprint', qualified(plan.view));
}

/** Somebody may read the view since the overlay was granted, or no longer: grants are to follow. */
export function readersMoved(plan: BackfillPlan): Sql {
  return sql('SELECT governance.readers_moved($1) AS moved', plan.backfillId);
}

/** Takes back what readers were given for the run, once its overlay is gone. Idempotent. */
export function forgetReaders(plan: BackfillPlan): Sql {
  return sql('SELECT governance.forget_readers($1)', plan.backfillId);
}

/** Guarded deltas of one partition; answers what was done and how many rows still differ. */
export function consolidatePartition(plan: BackfillPlan, ordinal: number): Sql {
  return sql(`SELECT ${elevated(plan, 'consolidate')}($1, $2) AS done`, plan.backfillId, ordinal);
}

export function countDifferences(plan: BackfillPlan): Sql {
  return sql(`SELECT ${elevated(plan, 'differences')}($1)::float8 AS differing`, plan.backfillId);
}

/** Refused until every party signed off the release that is shown; afterwards no rollback is possible. */
export function beginConsolidation(plan: BackfillPlan): Sql {
  return sql('SELECT governance.begin_consolidation($1)', plan.backfillId);
}

export function retireRelease(plan: BackfillPlan): Sql {
  return sql('SELECT governance.retire_release($1) AS retired', plan.backfillId);
}
