import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import { ident, literal } from '../../sql.ts';
import { differsFromBase } from './live-rows.ts';
import { differ, differWithin } from './tolerance.ts';
import { keyPresent, sameKey, sameKeyAsEither } from './unique-key.ts';

/** The queries of the sides that are compared. */
export interface ComparedSides {
  readonly old: string;
  readonly new: string;
  /** Null: nothing is live yet, and what is published is the old side. */
  readonly base: string | null;
  /** What makes a row one that the live pipeline wrote; where it is not given, a base that is not the snapshot. */
  readonly live?: string;
}

/**
 * One row a key, with whole rows `o`, `n` and `b` of the sides that have it, whether it is live, and why it changes. Each
 * side is read here and nowhere else; whatever is counted is counted from this.
 */
export function comparedPairs(plan: BackfillPlan, sides: ComparedSides): string {
  const [hasOld, hasNew, hasBase] = ['old', 'new', 'base'].map((side) => keyPresent(plan, side));
  const within = differWithin(plan, 'old', 'new');
  const base =
    sides.base === null
      ? { row: 'old', present: 'false', live: 'false', join: '' }
      : {
          row: 'base',
          present: hasBase ?? '',
          live: sides.live ?? differsFromBase(plan, 'old'),
          join: `\n  FULL JOIN (${sides.base}) base ON ${sameKeyAsEither(plan, ['old', 'new'], 'base')}`,
        };
  return `SELECT old AS o, new AS n, ${base.row} AS b, ${hasOld} AS has_old, ${hasNew} AS has_new, ${base.present} AS has_base, ${base.live} AS live,
       compared.class, reasons.all_of, reasons.all_of[1] AS reason, CASE compared.class WHEN 'changed' THEN ${signature(plan)} END AS signature
  FROM (${sides.old}) old FULL JOIN (${sides.new}) new ON ${sameKey(plan, 'old', 'new')}${base.join}
  CROSS JOIN LATERAL (SELECT CASE WHEN NOT ${hasOld} THEN 'added' WHEN NOT ${hasNew} THEN 'removed' WHEN NOT (${differ(plan, 'old', 'new')}) THEN 'same'${within === null ? '' : `\n       WHEN ${within} THEN 'tolerated'`} ELSE 'changed' END AS class) compared
  CROSS JOIN LATERAL (SELECT CASE WHEN compared.class NOT IN ('same', 'tolerated') THEN ${reasonsThatHold(plan)} END AS all_of) reasons`;
}

/** Every explanation that holds, in the contract's order. They are contract text over `old` and `new`, reviewed with the transform. */
function reasonsThatHold(plan: BackfillPlan): string {
  const cases = Object.entries(plan.contract.explanations).map(
    ([name, condition]) => `CASE WHEN (${condition}) THEN ${literal(name)} END`,
  );
  return cases.length === 0 ? 'NULL::text[]' : `array_remove(ARRAY[${cases.join(', ')}]::text[], NULL)`;
}

/** The names of the columns that differ. */
function signature(plan: BackfillPlan): string {
  const cases = plan.comparedColumns.map(
    (column) => `CASE WHEN old.${ident(column)} IS DISTINCT FROM new.${ident(column)} THEN ${literal(column)} END`,
  );
  return `array_to_string(ARRAY[${cases.join(', ')}], ', ')`;
}
