import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import { columns, ident } from '../../sql.ts';

/** Whether any column of two rows differs, tolerated or not. */
export function differ(plan: BackfillPlan, left: string, right: string): string {
  return `ROW(${columns(plan.comparedColumns, left)}) IS DISTINCT FROM ROW(${columns(plan.comparedColumns, right)})`;
}

/**
 * Whether every column that differs differs within its tolerance. Null beside a value, NaN and infinity beside anything
 * else are outside of any: they are told apart before there is arithmetic, whose result with them says nothing.
 */
export function differWithin(plan: BackfillPlan, left: string, right: string): string | null {
  const tolerated = Object.keys(plan.spec.validation.tolerances);
  if (tolerated.length === 0) return null;
  const others = plan.comparedColumns.filter((column) => !tolerated.includes(column));
  return [
    ...(others.length === 0
      ? []
      : [`ROW(${columns(others, left)}) IS NOT DISTINCT FROM ROW(${columns(others, right)})`]),
    ...tolerated.map((column) => within(plan, column, `${left}.${ident(column)}`, `${right}.${ident(column)}`)),
  ].join(' AND ');
}

function within(plan: BackfillPlan, column: string, a: string, b: string): string {
  const { absolute = 0, relativePercent = 0 } = plan.spec.validation.tolerances[column] ?? {};
  const [x, y] = [`${a}::numeric`, `${b}::numeric`];
  const allowed = `greatest(${absolute}::numeric, ${relativePercent}::numeric / 100 * greatest(abs(${x}), abs(${y})))`;
  return `(${a} IS NOT DISTINCT FROM ${b} OR ${isFinite(x)} AND ${isFinite(y)} AND abs(${x} - ${y}) <= ${allowed})`;
}

/** Neither null, nor NaN, nor infinite. */
function isFinite(number: string): string {
  return `coalesce(${number} NOT IN ('NaN', 'Infinity', '-Infinity'), false)`;
}

/** How far a column moves in a row, as an exact number. */
export function moved(before: string, after: string): string {
  return `(${after}::numeric - ${before}::numeric)`;
}
