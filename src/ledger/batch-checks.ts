import type { Check, CheckLevel } from '../domain/verdict.ts';
import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';

/** How one check went in all reconciled batches. */
export interface BatchCheckCounts {
  readonly name: string;
  readonly level: CheckLevel;
  readonly limit: string;
  readonly pass: number;
  readonly fail: number;
  readonly waived: number;
  readonly inconclusive: number;
  readonly info: number;
}

export function countBatchChecks(backfillId: string): Sql {
  const count = (verdict: string): string =>
    `count(*) FILTER (WHERE c.value ->> 'verdict' = '${verdict}')::int AS "${verdict}"`;
  return sql(
    `SELECT c.value ->> 'name' AS name, c.value ->> 'level' AS level, CASE WHEN min(c.value ->> 'limit') = max(c.value ->> 'limit') THEN min(c.value ->> 'limit') ELSE 'differs by batch' END AS "limit", ${['pass', 'fail', 'waived', 'inconclusive', 'info'].map(count).join(', ')}
       FROM governance.backfill_batches b, jsonb_array_elements(b.checks) WITH ORDINALITY c(value, place)
      WHERE b.backfill_id = $1 AND b.checks IS NOT NULL
      GROUP BY 1, 2 ORDER BY min(c.place), 1`,
    backfillId,
  );
}

/** A batch that did not simply pass, with the checks that are the reason. */
export interface NoticedBatch {
  readonly batch: number;
  readonly start: string;
  readonly end: string;
  readonly state: 'failed' | 'waived';
  readonly checks: readonly Check[];
}

export function noticedBatches(backfillId: string, limit: number): Sql {
  return sql(
    `SELECT batch, range_start AS start, range_end AS "end", state,
            coalesce((SELECT jsonb_agg(c.value ORDER BY c.place) FROM jsonb_array_elements(checks) WITH ORDINALITY c(value, place) WHERE c.value ->> 'verdict' IN ('fail', 'waived')), '[]') AS checks
       FROM governance.backfill_batches WHERE backfill_id = $1 AND state IN ('failed', 'waived') ORDER BY state, batch LIMIT $2`,
    backfillId,
    limit,
  );
}

export function countBatchStates(backfillId: string): Sql {
  const count = (state: string): string => `count(*) FILTER (WHERE state = '${state}')::int AS ${state}`;
  return sql(
    `SELECT count(*)::int AS total, ${['planned', 'passed', 'failed', 'waived'].map(count).join(', ')} FROM governance.backfill_batches WHERE backfill_id = $1`,
    backfillId,
  );
}
