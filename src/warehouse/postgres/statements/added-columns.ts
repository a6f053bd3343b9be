import type { AddedColumn } from '../../../domain/added-column.ts';
import { constantColumns } from '../../../domain/added-column.ts';
import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import type { Sql } from '../../sql.ts';
import { ident, qualified, sql } from '../../sql.ts';
import { insideInterval } from './create-tables.ts';

/** A column of the base, with all that a column of the same kind needs. */
export interface ColumnDetails {
  readonly name: string;
  readonly number: number;
  readonly type: string;
  /** Where it is not that of its type. */
  readonly collation: string | null;
  readonly notNull: boolean;
  readonly generated: '' | 's' | 'v';
  readonly identity: boolean;
  /** Of its default, or of its computation. */
  readonly expression: string | null;
  /** CHECKs that name it, alone or with others. */
  readonly checks: readonly { readonly name: string; readonly definition: string }[];
}

export function columnDetails(plan: Pick<BackfillPlan, 'table'>, numbers: readonly number[]): Sql {
  return sql(
    `SELECT a.attname AS name, a.attnum AS number, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS "notNull", a.attgenerated AS generated, a.attidentity <> '' AS identity,
            CASE WHEN a.attcollation <> t.typcollation THEN (SELECT format('%I.%I', n.nspname, c.collname) FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace WHERE c.oid = a.attcollation) END AS collation,
            (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum) AS expression,
            coalesce((SELECT jsonb_agg(jsonb_build_object('name', c.conname, 'definition', pg_get_constraintdef(c.oid)) ORDER BY c.conname)
                        FROM pg_constraint c WHERE c.conrelid = a.attrelid AND c.contype = 'c' AND a.attnum = ANY (c.conkey)), '[]') AS checks
       FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = $1::regclass AND a.attnum = ANY ($2::int[]) ORDER BY a.attnum`,
    qualified(plan.table),
    numbers,
  );
}

/** Where the server takes it for the rule of a computed column, an expression is the same at any time and for anybody. */
export function constantOrRefused(type: string, expression: string): Sql {
  return sql(
    `CREATE TEMPORARY TABLE backfill_constant (one integer, value ${type} GENERATED ALWAYS AS (${expression}) STORED)`,
  );
}

/** By column: rows of the interval that hold something else in the base than the constant. */
export function rowsBesideConstants(
  plan: BackfillPlan,
  constants: readonly { readonly name: string; readonly value: string }[],
): Sql {
  const counts = constants.map((one) => `count(*) FILTER (WHERE ${differsFromConstant(one, 'b')})::float8`);
  return sql(
    `SELECT ARRAY[${counts.join(', ')}] AS counts FROM (SELECT * FROM ${qualified(plan.table)} WHERE ${insideInterval(plan)}) b`,
  );
}

/** In brackets of its own: the value is an expression of the catalogue. */
function differsFromConstant({ name, value }: { name: string; value: string }, alias: string): string {
  return `${alias}.${ident(name)} IS DISTINCT FROM (${value})`;
}

/** For the comparison of a batch: how many of its base rows hold something else, by column. */
export function constantsLost(
  plan: BackfillPlan,
  base: { readonly rows: string; readonly present: string },
): (readonly [name: string, expression: string])[] {
  return constantColumns(plan).map(
    (one) =>
      [
        one.name,
        `(SELECT count(*) FROM (SELECT (${base.rows}).* FROM pairs WHERE ${base.present}) base WHERE ${differsFromConstant(one, 'base')})`,
      ] as const,
  );
}

/** A column and where its values in the shadow come from. */
export interface ColumnToAdd {
  readonly column: ColumnDetails;
  readonly filledBy: AddedColumn['filledBy'];
}

/**
 * The shadow gets columns as the base has them. CHECKs are NOT VALID: rows that the new logic has not built yet do not hold
 * them, and every one of those is replaced before readers see it. Only the catalogue changes, but for a stored computation.
 */
export function addToShadow(plan: BackfillPlan, added: readonly ColumnToAdd[]): Sql[] {
  const shadow = qualified(plan.shadow);
  const required = added
    .filter(({ column, filledBy }) => filledBy === 'transform' && column.notNull)
    .map(({ column: { name, number } }) => ({
      name: `backfill_required_${number}`,
      definition: `CHECK ((${ident(name)} IS NOT NULL))`,
    }));
  const checks = new Map(
    [...added.flatMap(({ column }) => column.checks), ...required].map((one) => [one.name, one.definition] as const),
  );
  return [
    ...added.map((one) => sql(`ALTER TABLE ${shadow} ADD COLUMN ${columnDefinition(one)}`)),
    ...[...checks].map(([name, definition]) =>
      sql(`ALTER TABLE ${shadow} ADD CONSTRAINT ${ident(name)} ${definition.replace(/ NOT VALID$/, '')} NOT VALID`),
    ),
  ];
}

/** What the transform yields has no default here: a volatile one would write the whole table. */
function columnDefinition({ column, filledBy }: ColumnToAdd): string {
  const { name, type, collation, notNull, expression, generated } = column;
  const parts = [ident(name), type, ...(collation === null ? [] : [`COLLATE ${collation}`])];
  if (filledBy === 'server')
    parts.push(`GENERATED ALWAYS AS (${expression ?? ''}) ${generated === 's' ? 'STORED' : 'VIRTUAL'}`);
  if (filledBy === 'default' && expression !== null) parts.push(`DEFAULT ${expression}`);
  if (filledBy === 'default' && notNull) parts.push('NOT NULL');
  return parts.join(' ');
}

/** What an attempt that died left, or a shadow that was made after the base got the column: neither plan nor view knows it yet. */
export function dropFromShadow(plan: BackfillPlan, name: string): Sql {
  return sql(`ALTER TABLE ${qualified(plan.shadow)} DROP COLUMN IF EXISTS ${ident(name)}`);
}
