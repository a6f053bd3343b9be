import { builtColumns } from '../domain/added-column.ts';
import type { BackfillPlan } from '../domain/backfill-plan.ts';
import type { Sql } from '../warehouse/sql.ts';
import { qualified, sql } from '../warehouse/sql.ts';
import type { EraSlice } from '../warehouse/postgres/statements/corrected-rows.ts';
import type { BlocksRead } from '../warehouse/postgres/statements/blocks-read.ts';
import { BLOCK_BYTES, BLOCKS_READ } from '../warehouse/postgres/statements/blocks-read.ts';
import { fingerprintOf, fingerprintOfPartition } from '../warehouse/postgres/statements/fingerprint.ts';
import { inSlice } from '../warehouse/postgres/statements/slice.ts';

export interface LedgerPartition extends EraSlice {
  readonly ordinal: number;
  readonly batch: number;
  readonly state: 'planned' | 'built';
  /** Rows of it were moved into the base. */
  readonly moved: boolean;
  /** Bytes its last build scanned; 0 before the first. */
  readonly bytes: number;
  /** How often the gate cancelled its statement since its last build. */
  readonly gateCancels: number;
}

/** The columns of a `LedgerPartition`. */
export const PARTITION =
  'ordinal, batch, era, partition_start AS start, partition_end AS "end", state, moved_at IS NOT NULL AS moved, coalesce(bytes, 0)::float8 AS bytes, gate_cancels AS "gateCancels"';

const STEP = { hour: '1 hour', day: '1 day', week: '7 days', month: '1 month' } as const;

export type PartitionedPlan = Pick<BackfillPlan, 'keyType' | 'eras' | 'contract' | 'spec'>;

/**
 * The partitions and batches of a plan as a query, made where they are stored: none passes through this process.
 * A batch never crosses a gap of the interval nor the beginning of an era.
 */
export function partitionsQuery(plan: PartitionedPlan): Sql {
  const { grain, timeZone } = plan.contract.partition;
  const isInstant = plan.keyType.startsWith('timestamp with time zone');
  const zoned = isInstant && timeZone !== null;
  const inZone = (expression: string): string => `((${expression}) AT TIME ZONE ${zoned ? '$4::text' : `'UTC'`})`;
  const toKey = (local: string): string => {
    if (isInstant) return inZone(local);
    return plan.keyType === 'date' ? `(${local})::date` : `(${local})`;
  };
  const step = `interval '${STEP[grain]}'`;
  // Hours are counted in instants: by the clock of a zone, one of them is missing in spring and one comes twice in autumn.
  const slices =
    isInstant && grain === 'hour'
      ? `SELECT n, ${inZone('g')} AS local, g AS lo, least(g + ${step}, ${inZone('hi')}) AS hi
           FROM ranges, generate_series(${inZone('lo')}, ${inZone('hi')} - interval '1 microsecond', ${step}) g`
      : `SELECT n, g AS local, ${toKey('g')} AS lo, ${toKey(`g + ${step}`)} AS hi FROM ranges, generate_series(lo, hi - interval '1 microsecond', ${step}) g`;
  const order = plan.spec.execution.order === 'oldest_first' ? '' : ' DESC';
  return sql(
    `WITH ranges AS (SELECT n, (r ->> 'start')::timestamp AS lo, (r ->> 'end')::timestamp AS hi FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY x(r, n)),
     slices AS (${slices}),
     eras AS (SELECT slices.*, (SELECT count(*) FROM jsonb_array_elements_text($2::jsonb) e WHERE e::timestamp <= slices.local)::int AS era FROM slices),
     numbered AS (SELECT *, row_number() OVER (ORDER BY lo${order})::int AS ordinal, (row_number() OVER (PARTITION BY n, era ORDER BY lo${order}) - 1) / $3::int AS within FROM eras),
     batched AS (SELECT *, dense_rank() OVER (ORDER BY n${order}, era${order}, within)::int AS batch FROM numbered)
SELECT ordinal, batch, era, lo::text AS start, hi::text AS "end", extract(isodow FROM local) >= 6 AS weekend FROM batched`,
    JSON.stringify(plan.spec.interval),
    JSON.stringify(plan.eras.map((era) => era.from)),
    plan.spec.execution.partitionsPerBatch,
    ...(zoned ? [timeZone] : []),
  );
}

/** The interval as ranges of the key's own type, and how many partitions and batches it makes. */
export function partitionCounts(plan: PartitionedPlan): Sql {
  const query = partitionsQuery(plan);
  return {
    ...query,
    text: `SELECT count(*)::int AS partitions, max(batch)::int AS batches, min(start COLLATE "C") AS "firstKey", max("end" COLLATE "C") AS "endKey" FROM (${query.text}) p`,
  };
}

/** Bounds of the interval's ranges as literals of the key's type: midnight in a named zone is an instant of its own. */
export function keyRanges(plan: PartitionedPlan): Sql {
  const zone = plan.keyType.startsWith('timestamp with time zone') ? (plan.contract.partition.timeZone ?? 'UTC') : null;
  const bound = (name: string): string => {
    if (zone !== null) return `((r ->> '${name}')::timestamp AT TIME ZONE $2)::text`;
    return plan.keyType === 'date' ? `(r ->> '${name}')::date::text` : `(r ->> '${name}')::timestamp::text`;
  };
  return sql(
    `SELECT ${bound('start')} AS start, ${bound('end')} AS "end" FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY x(r, n) ORDER BY n`,
    JSON.stringify(plan.spec.interval),
    ...(zone === null ? [] : [zone]),
  );
}

export function insertBatches(plan: BackfillPlan): Sql {
  const query = partitionsQuery(plan);
  const id = query.values.length + 1;
  return {
    text: `INSERT INTO governance.backfill_batches (backfill_id, batch, first_ordinal, last_ordinal, range_start, range_end)
           SELECT $${id}, batch, min(ordinal), max(ordinal), min(start COLLATE "C"), max("end" COLLATE "C") FROM (${query.text}) p GROUP BY batch`,
    values: [...query.values, plan.backfillId],
  };
}

export function insertPartitions(plan: BackfillPlan): Sql {
  const query = partitionsQuery(plan);
  const id = query.values.length + 1;
  return {
    text: `INSERT INTO governance.backfill_partitions (backfill_id, ordinal, batch, era, partition_start, partition_end)
           SELECT $${id}, ordinal, batch, era, start, "end" FROM (${query.text}) p`,
    values: [...query.values, plan.backfillId],
  };
}

export function partitionsOfBatch(backfillId: string, batch: number): Sql {
  return sql(
    `SELECT ${PARTITION} FROM governance.backfill_partitions WHERE backfill_id = $1 AND batch = $2 ORDER BY ordinal`,
    backfillId,
    batch,
  );
}

/** The checkpoint: written in the transaction that built the rows, so neither is ever seen without the other. */
export function checkpoint(
  plan: BackfillPlan,
  built: LedgerPartition,
  work: {
    readonly fence: number;
    readonly readBefore: BlocksRead;
    readonly durationMs: number;
    readonly transformSha256: string;
    readonly baseFingerprint: string;
    readonly inputState: number | null;
  },
): Sql {
  return sql(
    `UPDATE governance.backfill_partitions p SET state = 'built', fence = $5, bytes = greatest(read.fetched - $6, 0) * ${BLOCK_BYTES}, duration_ms = $7, transform_sha256 = $8, base_fingerprint = $10, input_state = $11,
            rows = measured.rows, shadow_fingerprint = measured.fingerprint, builds = p.builds + 1, timeouts = 0, gate_cancels = 0, built_at = clock_timestamp(), consolidated_at = NULL
       FROM (SELECT count(*) AS rows, ${fingerprintOf(builtColumns(plan), 's')} AS fingerprint FROM ${qualified(plan.shadow)} s WHERE ${inSlice(plan, { start: 1, end: 2 }, 's')}) measured,
            (${BLOCKS_READ}) read
      WHERE p.backfill_id = $3 AND p.ordinal = $4 RETURNING p.rows::float8 AS rows, p.bytes::float8 AS bytes, greatest(read.hit - $9, 0) * ${BLOCK_BYTES} AS "cachedBytes"`,
    built.start,
    built.end,
    plan.backfillId,
    built.ordinal,
    work.fence,
    work.readBefore.fetched,
    work.durationMs,
    work.transformSha256,
    work.readBefore.hit,
    work.baseFingerprint,
    work.inputState,
  );
}

/** A shadow that is made anew holds nothing: what an older one held is to be built and checked again. */
export function forgetBuilds(backfillId: string): Sql[] {
  return [
    sql(
      `UPDATE governance.backfill_partitions SET state = 'planned' WHERE backfill_id = $1 AND state <> 'planned'`,
      backfillId,
    ),
    sql(
      `UPDATE governance.backfill_batches SET state = 'planned' WHERE backfill_id = $1 AND state <> 'planned'`,
      backfillId,
    ),
  ];
}

/** Fingerprints of every partition of the snapshot, in one pass. */
export function fingerprintSnapshot(plan: BackfillPlan): Sql {
  return sql(
    `UPDATE governance.backfill_partitions p SET snapshot_fingerprint = coalesce(found.fingerprint, '0:0')
       FROM governance.backfill_partitions q LEFT JOIN LATERAL (
         ${fingerprintOfPartition(plan, 'q', plan.snapshot, plan.comparedColumns)}) found ON true
      WHERE p.backfill_id = $1 AND q.backfill_id = $1 AND q.ordinal = p.ordinal`,
    plan.backfillId,
  );
}

export function countPartitions(backfillId: string): Sql {
  return sql(
    `SELECT count(*)::int AS total, count(*) FILTER (WHERE state = 'built')::int AS built, coalesce(sum(builds), 0)::int AS builds,
            count(*) FILTER (WHERE consolidated_at IS NOT NULL)::int AS consolidated
       FROM governance.backfill_partitions WHERE backfill_id = $1`,
    backfillId,
  );
}

export function nextUnconsolidated(backfillId: string): Sql {
  return sql(
    `SELECT ${PARTITION} FROM governance.backfill_partitions WHERE backfill_id = $1 AND consolidated_at IS NULL ORDER BY ordinal LIMIT 1`,
    backfillId,
  );
}

/** Rows of a partition were moved; `whole`: none is left to the live pipeline. */
export function markMoved(backfillId: string, ordinal: number, whole: boolean): Sql {
  return sql(
    `UPDATE governance.backfill_partitions SET moved_at = coalesce(moved_at, clock_timestamp()), consolidated_at = CASE WHEN $3 THEN clock_timestamp() END
      WHERE backfill_id = $1 AND ordinal = $2`,
    backfillId,
    ordinal,
    whole,
  );
}
