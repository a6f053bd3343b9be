import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import { literal, qualified } from '../../sql.ts';
import { nullableKeyColumns } from './unique-key.ts';

/**
 * An aggregate over rows of the shadow: by how many they differ from what the checkpoints of their partitions counted,
 * or how many another run wrote. Rows and checkpoints of one snapshot agree, whatever is rebuilt meanwhile.
 */
export function rowsBesideCheckpoints(backfillId: string, partitions = ''): string {
  const built = `SELECT coalesce(sum(rows), 0) FROM governance.backfill_partitions WHERE backfill_id = ${backfillId} AND state = 'built' ${partitions}`;
  return `greatest(abs(count(*) - (${built.trim()})), count(*) FILTER (WHERE backfill_id IS DISTINCT FROM ${backfillId}::text))::bigint`;
}

/** A valid unique index over the columns of the unique key, all rows and no other column: with it a key cannot stand twice. */
export function hasUniqueIndex(plan: BackfillPlan): string {
  const key = plan.uniqueKey.map(literal).join(', ');
  const nulls = nullableKeyColumns(plan).length === 0 ? '' : ' AND i.indnullsnotdistinct';
  return `EXISTS (SELECT FROM pg_index i WHERE i.indrelid = ${literal(qualified(plan.shadow))}::regclass AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL${nulls}
    AND (SELECT array_agg(a.attname::text ORDER BY a.attname::text COLLATE "C") FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))
      = (SELECT array_agg(k ORDER BY k COLLATE "C") FROM unnest(ARRAY[${key}]::text[]) k))`;
}
