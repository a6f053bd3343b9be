/** What a block of PostgreSQL holds unless it was built with another size. */
export const BLOCK_BYTES = 8192;

/** Blocks, cached ones counted in both. */
export interface BlocksRead {
  readonly fetched: number;
  readonly hit: number;
}

/**
 * A query for the `BlocksRead` of this session, since its statistics were flushed last, from the relations that the open
 * transaction locked only to read: an insert touches every page that it writes, and these are no scan. `EXPLAIN (ANALYZE,
 * BUFFERS)` of the insert tells the same, costs 5 to 7 % of it, and counts blocks of temporary files too.
 */
export const BLOCKS_READ = `SELECT coalesce(sum(pg_stat_get_xact_blocks_fetched(relation)), 0)::float8 AS fetched, coalesce(sum(pg_stat_get_xact_blocks_hit(relation)), 0)::float8 AS hit
          FROM (SELECT relation FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation' GROUP BY relation HAVING bool_and(mode = 'AccessShareLock')) only_read`;

/** At the end of the transaction the counters of `BLOCKS_READ` begin at zero again. The server does it by itself after a second at the earliest. */
export const FLUSH_BLOCKS_READ = 'pg_stat_force_next_flush()';
