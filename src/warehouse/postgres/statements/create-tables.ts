import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import type { QualifiedName } from '../../../domain/names.ts';
import type { Sql } from '../../sql.ts';
import { columns, ident, literal, qualified, sql } from '../../sql.ts';
import { orderOf } from './insert-slice.ts';
import { nullableKeyColumns } from './unique-key.ts';

/** The interval as a condition with literals, for CHECKs and copies. */
export function insideInterval(plan: BackfillPlan): string {
  const key = ident(plan.contract.partition.key);
  return plan.keyRanges
    .map(
      (range) =>
        `(${key} >= ${literal(range.start)}::${plan.keyType} AND ${key} < ${literal(range.end)}::${plan.keyType})`,
    )
    .join(' OR ');
}

/** Columns and types of the base, no constraint but NOT NULL, no rights for anybody; rows in key order. */
export function createSnapshot(plan: BackfillPlan): Sql[] {
  const names = columns(plan.columns.map((column) => column.name));
  return [
    sql(
      `CREATE TABLE ${qualified(plan.snapshot)} AS SELECT ${names} FROM ${qualified(plan.table)} WHERE ${insideInterval(plan)} ORDER BY ${columns(orderOf(plan))}`,
    ),
    sql(
      `COMMENT ON TABLE ${qualified(plan.snapshot)} IS ${literal(`Trusted result before ${plan.backfillId} (${plan.spec.reason.issue}); kept by controlled-backfill until its retention ends.`)}`,
    ),
    // No policy: nobody reads it but its owner and who bypasses policies, as the base's owner does.
    ...(plan.rowSecurity.enabled ? [sql(`ALTER TABLE ${qualified(plan.snapshot)} ENABLE ROW LEVEL SECURITY`)] : []),
  ];
}

/**
 * The shadow: the base's columns, defaults and CHECKs, so that a row that the base would refuse is refused while it is
 * built; two columns of its own, and a CHECK that holds rows inside the interval. It catches rows that leak out, and lets the planner leave the overlay out of queries elsewhere.
 */
export function createShadow(plan: BackfillPlan): Sql[] {
  const shadow = qualified(plan.shadow);
  return [
    sql(
      `CREATE TABLE ${shadow} (LIKE ${qualified(plan.table)} INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING CONSTRAINTS, recalculated_at timestamptz NOT NULL, backfill_id text NOT NULL)`,
    ),
    sql(`ALTER TABLE ${shadow} ADD CONSTRAINT backfill_interval CHECK (${insideInterval(plan)})`),
    sql(
      `COMMENT ON TABLE ${shadow} IS ${literal(`Corrected partitions of ${plan.backfillId} (${plan.spec.reason.issue}); made and removed by controlled-backfill.`)}`,
    ),
  ];
}

/** The unique key, and the partition key where the unique key does not begin with it. */
export function indexKeyed(plan: BackfillPlan, table: QualifiedName): Sql[] {
  const key = plan.contract.partition.key;
  const nulls = nullableKeyColumns(plan).length === 0 ? '' : ' NULLS NOT DISTINCT';
  const statements = [sql(`CREATE UNIQUE INDEX ON ${qualified(table)} (${columns(plan.uniqueKey)})${nulls}`)];
  if (plan.uniqueKey[0] !== key) statements.push(sql(`CREATE INDEX ON ${qualified(table)} (${ident(key)})`));
  return statements;
}
