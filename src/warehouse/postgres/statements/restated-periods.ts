import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import type { QualifiedName } from '../../../domain/names.ts';
import type { Sql } from '../../sql.ts';
import { ident, literal, qualified, sql } from '../../sql.ts';
import { measured } from './measured.ts';

/** Every measure over what a closed period has in the interval, as exact text. */
export interface PeriodMeasures {
  readonly name: string;
  readonly old: Readonly<Record<string, string>>;
  readonly new: Readonly<Record<string, string>>;
}

/** One row a reopened period, in the plan's order: as the snapshot preserved it, and as the shadow has it, live writes included. */
export function restatedPeriods(plan: BackfillPlan): Sql {
  const periods = plan.reopened.map(({ name, ranges }) => ({ name, ranges }));
  return sql(
    `SELECT closed.period ->> 'name' AS name, before.measures AS old, after.measures AS new
       FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY closed(period, place),
            LATERAL (${ofPeriod(plan, plan.snapshot)}) before, LATERAL (${ofPeriod(plan, plan.shadow)}) after ORDER BY place`,
    JSON.stringify(periods),
  );
}

/** A name that no table has beside its own columns. */
const RANGE = '"closed: range"';

function ofPeriod(plan: BackfillPlan, table: QualifiedName): string {
  const key = `t.${ident(plan.contract.partition.key)}`;
  const bound = (name: 'start' | 'end'): string => toKey(plan, `${RANGE} ->> '${name}'`);
  return `SELECT ${measured(plan.contract.measures)} AS measures FROM (SELECT t.* FROM jsonb_array_elements(closed.period -> 'ranges') ranges(${RANGE}), ${qualified(table)} t WHERE ${key} >= ${bound('start')} AND ${key} < ${bound('end')}) rows_of_period`;
}

/** A day as a bound of the partition key: midnight in the contract's zone is an instant of its own. */
function toKey({ keyType, contract }: BackfillPlan, day: string): string {
  if (!keyType.startsWith('timestamp with time zone')) return `(${day})::${keyType}`;
  return `((${day})::timestamp AT TIME ZONE ${literal(contract.partition.timeZone ?? 'UTC')})`;
}
