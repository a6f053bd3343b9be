import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import { ident } from '../../sql.ts';

/** Is the same row meant on both sides? */
export function sameKey(plan: BackfillPlan, left: string, right: string): string {
  return keysEqual(
    plan,
    (column) => `${left}.${ident(column)}`,
    (column) => `${right}.${ident(column)}`,
  );
}

/** The same of whichever of the sides has the row, and of one more. */
export function sameKeyAsEither(plan: BackfillPlan, sides: readonly string[], right: string): string {
  const either = (column: string): string => `coalesce(${sides.map((side) => `${side}.${ident(column)}`).join(', ')})`;
  return keysEqual(plan, either, (column) => `${right}.${ident(column)}`);
}

/**
 * Where a column may be null, null is a value of the key like any other. Arrays of one element say so in a form that can
 * still be hashed and merged; IS NOT DISTINCT FROM can not, and a full join refuses it.
 */
function keysEqual(plan: BackfillPlan, left: (column: string) => string, right: (column: string) => string): string {
  const nullable = nullableKeyColumns(plan);
  return plan.uniqueKey
    .map((column) =>
      nullable.includes(column)
        ? `ARRAY[${left(column)}] = ARRAY[${right(column)}]`
        : `${left(column)} = ${right(column)}`,
    )
    .join(' AND ');
}

export function nullableKeyColumns(plan: Pick<BackfillPlan, 'uniqueKey' | 'columns'>): readonly string[] {
  return plan.uniqueKey.filter((name) => plan.columns.find((column) => column.name === name)?.notNull === false);
}

/** A row that a slice of the partition key holds has a partition key; a side that has no row has none. */
export function keyPresent(plan: BackfillPlan, side: string): string {
  return `(${side}.${ident(plan.contract.partition.key)} IS NOT NULL)`;
}
