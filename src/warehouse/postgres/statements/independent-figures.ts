import type { BackfillPlan, PlannedTotal } from '../../../domain/backfill-plan.ts';
import { bindNamed } from '../../../spec/sql-parameters.ts';
import { literal } from '../../sql.ts';

export const TOTALS_PARAMETERS = ['range_start', 'range_end'] as const;

type Keyed = Pick<BackfillPlan, 'keyType' | 'contract'>;

/** `partition_start, value` by a path that is not the transform's: a query over the range `$1..$2`, or the lines of a file. */
export function independentFigures(plan: Keyed, total: PlannedTotal): string {
  const type = plan.keyType;
  if (total.figures === null) return bindNamed(total.text, TOTALS_PARAMETERS, [`$1::${type}`, `$2::${type}`]).text;
  return `SELECT ${keyOf(plan, 'f ->> 0')} AS partition_start, (f ->> 1)::numeric AS value FROM jsonb_array_elements(${literal(JSON.stringify(total.figures))}::jsonb) f`;
}

/** A day in a file is one of the zone that the partitions are cut in. */
function keyOf({ keyType, contract }: Keyed, text: string): string {
  return keyType.startsWith('timestamp with time zone')
    ? `((${text})::timestamp AT TIME ZONE ${literal(contract.partition.timeZone ?? 'UTC')})`
    : `(${text})::timestamp::${keyType}`;
}
