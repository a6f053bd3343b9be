import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';

/** What a run has cost the warehouse so far: bytes read and milliseconds worked, all lanes added up. */
export interface WorkDone {
  readonly buildBytes: number;
  readonly checkBytes: number;
  readonly otherBytes: number;
  /** The part of all these bytes that was found in the server's cache, as far as it was measured. */
  readonly cachedBytes: number;
  readonly busyMs: number;
  /** From the start of the first build to the end of the last, waits and pauses between them included; null before the first. */
  readonly buildingMs: number | null;
}

export function workDone(backfillId: string): Sql {
  const bytes = (condition: string): string => `coalesce(sum(bytes) FILTER (WHERE ${condition}), 0)::float8`;
  return sql(
    `SELECT ${bytes(`what LIKE 'build %'`)} AS "buildBytes", ${bytes(`what LIKE 'check %'`)} AS "checkBytes", ${bytes(`what NOT LIKE 'build %' AND what NOT LIKE 'check %'`)} AS "otherBytes",
            coalesce(sum(cached_bytes), 0)::float8 AS "cachedBytes", coalesce(sum(duration_ms), 0)::float8 AS "busyMs",
            round(extract(epoch FROM max(at) FILTER (WHERE what LIKE 'build %') - min(at - duration_ms * interval '1 millisecond') FILTER (WHERE what LIKE 'build %')) * 1000)::float8 AS "buildingMs"
       FROM governance.backfill_spending WHERE backfill_id = $1`,
    backfillId,
  );
}
