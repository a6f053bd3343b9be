import type { InputContent } from '../domain/reference-input.ts';
import { inputStateInForce } from '../warehouse/postgres/statements/input-state.ts';
import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';

/** One state of an input; `accepted` by the plan or by a person. */
export interface InputState extends InputContent {
  readonly state: number;
  readonly accepted: boolean;
}

/** A state that was found; `by` accepts it at once. */
export function insertInputs(
  backfillId: string,
  state: number,
  contents: readonly InputContent[],
  by: string | null,
): Sql {
  return sql(
    `INSERT INTO governance.reference_inputs (backfill_id, state, input, rows, fingerprint, accepted_at, accepted_by)
     SELECT $1, $2, i.input, i.rows, i.fingerprint, CASE WHEN $4::text IS NOT NULL THEN clock_timestamp() END, $4
       FROM jsonb_to_recordset($3::jsonb) AS i(input text, rows bigint, fingerprint text)
     ON CONFLICT DO NOTHING`,
    backfillId,
    state,
    JSON.stringify(contents),
    by,
  );
}

/** Found and shown, and nobody decided yet. */
const PENDING = 'accepted_at IS NULL AND withdrawn_at IS NULL';

/** The state in force, and those that wait for a person. */
export function knownInputs(backfillId: string): Sql {
  return sql(
    `SELECT state, input, rows::float8 AS rows, fingerprint, accepted_at IS NOT NULL AS accepted FROM governance.reference_inputs
      WHERE backfill_id = $1 AND (state = ${inputStateInForce('$1')} OR ${PENDING}) ORDER BY state, input`,
    backfillId,
  );
}

/** The number of the next state that is found. */
export function nextInputState(backfillId: string): Sql {
  return sql(
    'SELECT coalesce(max(state), 0) + 1 AS state FROM governance.reference_inputs WHERE backfill_id = $1',
    backfillId,
  );
}

/** The inputs still held the state in force at this instant. Not while another waits: what was built between the two would be forgotten. */
export function inputsSeen(backfillId: string, at: Date): Sql {
  return sql(
    `UPDATE governance.reference_inputs SET seen_at = greatest(seen_at, $2) WHERE backfill_id = $1 AND state = ${inputStateInForce('$1')}
        AND NOT EXISTS (SELECT FROM governance.reference_inputs WHERE backfill_id = $1 AND ${PENDING})`,
    backfillId,
    at,
  );
}

/** Ends the wait for a person: the newest pending state is what the inputs hold, or (null) they hold again what is in force. */
export function decideInputs(
  backfillId: string,
  accepted: { readonly state: number; readonly by: string } | null,
): Sql {
  return sql(
    `UPDATE governance.reference_inputs SET accepted_at = CASE WHEN state = $2 THEN clock_timestamp() END, accepted_by = CASE WHEN state = $2 THEN $3 END,
            withdrawn_at = CASE WHEN state IS DISTINCT FROM $2 THEN clock_timestamp() END, seen_at = statement_timestamp()
      WHERE backfill_id = $1 AND ${PENDING}`,
    backfillId,
    accepted?.state ?? null,
    accepted?.by ?? null,
  );
}

/** Built from another state than the one in force, or since that was last seen: what `p` stands for may be of a mixture. */
const MAYBE_OTHER = `p.state = 'built' AND (p.input_state IS DISTINCT FROM ${inputStateInForce('$1')}
        OR p.built_at >= (SELECT min(seen_at) FROM governance.reference_inputs WHERE backfill_id = $1 AND state = ${inputStateInForce('$1')}))`;

/** Sends back to the queue what may have been built from something else than the state in force. Batches first: they are told by their partitions. */
export function forgetOtherInputs(backfillId: string): Sql[] {
  return [
    sql(
      `UPDATE governance.backfill_batches b SET state = 'planned' WHERE backfill_id = $1 AND state <> 'planned'
          AND EXISTS (SELECT FROM governance.backfill_partitions p WHERE p.backfill_id = $1 AND p.batch = b.batch AND ${MAYBE_OTHER})`,
      backfillId,
    ),
    sql(
      `UPDATE governance.backfill_partitions p SET state = 'planned' WHERE p.backfill_id = $1 AND ${MAYBE_OTHER}`,
      backfillId,
    ),
  ];
}

/** Batches with a partition that is built, ascending. */
export function batchesBuilt(backfillId: string): Sql {
  return sql(
    `SELECT DISTINCT batch FROM governance.backfill_partitions WHERE backfill_id = $1 AND state = 'built' ORDER BY batch`,
    backfillId,
  );
}

/** Built partitions, and how many of them from a state that is not in force. */
export function countInputStates(backfillId: string): Sql {
  return sql(
    `SELECT count(*)::int AS built, count(*) FILTER (WHERE input_state IS DISTINCT FROM ${inputStateInForce('$1')})::int AS other
       FROM governance.backfill_partitions WHERE backfill_id = $1 AND state = 'built'`,
    backfillId,
  );
}
