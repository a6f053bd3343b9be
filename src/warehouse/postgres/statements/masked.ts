import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import { literal } from '../../sql.ts';

type Masking = Pick<BackfillPlan, 'backfillId' | 'contract'>;

/** Enough to tell a run's values apart in a list that a person reads. */
const SHOWN_DIGITS = 8;

/** A column's value as it may be shown and kept: of a personal column a mark in its place, equal for equal values of one run. */
export function shownValue(plan: Masking, column: string, expression: string): string {
  return isPersonal(plan, column) ? `'masked:' || left(${digest(plan, expression)}, ${SHOWN_DIGITS})` : expression;
}

/** The same where rows are told apart by it: the whole digest, so that no two values are one. */
export function keptValue(plan: Masking, column: string, expression: string): string {
  return isPersonal(plan, column) ? digest(plan, expression) : expression;
}

export function isPersonal({ contract }: Masking, column: string): boolean {
  return contract.personal.includes(column);
}

/** Null stays null. */
function digest({ backfillId }: Masking, expression: string): string {
  return `encode(sha256(convert_to(${literal(`${backfillId}:`)} || (${expression})::text, 'UTF8')), 'hex')`;
}
