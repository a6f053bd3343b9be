import type { BackfillPlan, PlannedDownstream } from '../domain/backfill-plan.ts';
import type { KeyRange } from '../domain/backfill-spec.ts';
import type { Session } from '../warehouse/session.ts';
import type { Sql } from '../warehouse/sql.ts';
import { literal, sql } from '../warehouse/sql.ts';

/** What a dataset made of this one is told: the ranges of its own partitions with other inputs; null: the whole of it. */
export interface DownstreamNotice extends Pick<PlannedDownstream, 'dataset' | 'owner' | 'refresh'> {
  readonly ranges: readonly KeyRange[] | null;
}

type Keyed = Pick<BackfillPlan, 'backfillId' | 'keyType' | 'contract' | 'downstream'>;

/** Partitions whose rows are other ones than before, neighbours joined. Two fingerprints of different columns are different. */
export function changedRanges(plan: Keyed): Sql {
  return joined(
    plan,
    `SELECT partition_start::${plan.keyType} AS lo, partition_end::${plan.keyType} AS hi FROM governance.backfill_partitions
      WHERE backfill_id = $1 AND shadow_fingerprint IS DISTINCT FROM snapshot_fingerprint`,
  );
}

/** The months that hold such a partition, in the zone that partitions are cut in. */
export function changedMonths(plan: Keyed): Sql {
  const zone = literal(plan.contract.partition.timeZone ?? 'UTC');
  const isZoned = plan.keyType.startsWith('timestamp with time zone');
  const local = (bound: string): string =>
    isZoned ? `${bound}::timestamptz AT TIME ZONE ${zone}` : `${bound}::timestamp`;
  return joined(
    plan,
    `SELECT DISTINCT month::date AS lo, (month + interval '1 month')::date AS hi FROM governance.backfill_partitions,
            generate_series(date_trunc('month', ${local('partition_start')}), ${local('partition_end')} - interval '1 microsecond', interval '1 month') month
      WHERE backfill_id = $1 AND shadow_fingerprint IS DISTINCT FROM snapshot_fingerprint`,
  );
}

function joined({ backfillId }: Keyed, slices: string): Sql {
  return sql(
    `WITH changed AS (${slices}),
          marked AS (SELECT lo, hi, CASE WHEN lag(hi) OVER (ORDER BY lo) = lo THEN 0 ELSE 1 END AS begins FROM changed),
          numbered AS (SELECT lo, hi, sum(begins) OVER (ORDER BY lo) AS number FROM marked)
     SELECT min(lo)::text AS start, max(hi)::text AS "end" FROM numbered GROUP BY number ORDER BY min(lo)`,
    backfillId,
  );
}

/** Once a release and event, whoever notices it first. */
export async function recordNotices(
  session: Session,
  plan: Keyed,
  releaseId: string,
  event: 'published' | 'rolled_back',
): Promise<readonly DownstreamNotice[]> {
  if (plan.downstream.length === 0) return [];
  const days = await session.rows<KeyRange>(changedRanges(plan));
  const months = await session.rows<KeyRange>(changedMonths(plan));
  for (const { dataset, owner, refresh, partitions } of plan.downstream) {
    const ranges = partitions === 'none' ? null : partitions === 'month' ? months : days;
    await session.change(
      sql(
        `INSERT INTO governance.downstream_notices (backfill_id, release_id, event, dataset, owner, refresh, mapping, ranges)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb) ON CONFLICT DO NOTHING`,
        plan.backfillId,
        releaseId,
        event,
        dataset,
        owner,
        refresh,
        partitions,
        ranges === null ? null : JSON.stringify(ranges),
      ),
    );
  }
  return session.rows<DownstreamNotice>(noticesOf(releaseId, event));
}

export function noticesOf(releaseId: string, event: string): Sql {
  return sql(
    'SELECT dataset, owner, refresh, ranges FROM governance.downstream_notices WHERE release_id = $1 AND event = $2 ORDER BY dataset',
    releaseId,
    event,
  );
}

/** Of every release of a run, oldest first. */
export function listNotices(backfillId: string): Sql {
  return sql(
    `SELECT release_id AS "releaseId", event, dataset, owner, refresh, ranges FROM governance.downstream_notices WHERE backfill_id = $1 ORDER BY noticed_at, dataset`,
    backfillId,
  );
}
