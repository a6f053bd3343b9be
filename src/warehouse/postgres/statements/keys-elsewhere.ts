import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import type { Sql } from '../../sql.ts';
import { ident, qualified, sql } from '../../sql.ts';
import { insideInterval } from './create-tables.ts';
import { sameKey } from './unique-key.ts';

/** A key that holds the partition key stands on one side of the interval's edge only. */
export function keysMayRepeat(plan: BackfillPlan): boolean {
  return !plan.uniqueKey.includes(plan.contract.partition.key);
}

/** Rows of the overlay whose unique key the base holds outside the interval: readers of the view would see both, and no constraint spans its branches. */
export function countKeysElsewhere(plan: BackfillPlan): Sql {
  const overlay = plan.uniqueKey.map(ident).join(', ');
  return sql(
    `SELECT count(*)::float8 AS rows FROM (SELECT ${overlay} FROM ${qualified(plan.shadow)}) s JOIN (SELECT ${overlay} FROM ${qualified(plan.table)} WHERE NOT (${insideInterval(plan)})) b ON ${sameKey(plan, 's', 'b')}`,
  );
}
