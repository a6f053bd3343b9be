import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import { ident, literal } from '../../sql.ts';
import { amountMoved, measuresOfRows } from './attribute-rows.ts';
import { shownValue } from './masked.ts';

/** A batch keeps its largest changes by the contract's first measure; the report merges them. */
const TOP_ROWS = 100;

/** The rows that move the contract's first measure most; one whose amount is no number comes first. */
export function topRows(plan: BackfillPlan): string {
  if (measuresOfRows(plan).length === 0) return `'[]'::jsonb`;
  const row = shown('class', 'before_0::text', 'after_0::text', 'reason', 'signature');
  const order = plan.uniqueKey.map((column) => `coalesce((o).${ident(column)}, (n).${ident(column)})`).join(', ');
  return `coalesce((SELECT jsonb_agg(${row} ORDER BY place) FROM (SELECT *, row_number() OVER (ORDER BY size DESC, ${order}) AS place FROM (SELECT *, abs(${amountMoved(0)}) AS size
     FROM amounts ORDER BY size DESC, ${order} LIMIT ${TOP_ROWS}) most) top, LATERAL (SELECT ${keyObject(plan)} AS key) keyed), '[]')`;
}

/**
 * Examples: the rows of either kind whose keys have the smallest hashes. They are the same whenever they are drawn again,
 * unlike a sample of pages. They illustrate, and decide nothing.
 */
export function sampledRows(plan: BackfillPlan): string {
  const { sampleRows } = plan.spec.validation;
  const [measure] = measuresOfRows(plan);
  const hash = `hash_record_extended(ROW(${plan.uniqueKey.map((column) => `coalesce((o).${ident(column)}, (n).${ident(column)})`).join(', ')}), 0)`;
  const changed = shown(
    'amounts.class',
    measure === undefined ? 'NULL' : 'before_0::text',
    measure === undefined ? 'NULL' : 'after_0::text',
    'reason',
    'signature',
  );
  const same = shown(`'same'`, 'amount', 'amount', 'NULL', 'NULL');
  const amount = measure === undefined ? 'NULL::text' : `(SELECT (${measure[1]})::text FROM (SELECT (n).*) one)`;
  const list = (from: string): string =>
    `coalesce((SELECT jsonb_agg(row ORDER BY place) FROM (${from} ORDER BY place LIMIT ${sampleRows}) drawn), '[]')`;
  return `jsonb_build_object(
    'changed', ${list(`SELECT ${hash} AS place, ${changed} AS row FROM amounts, LATERAL (SELECT ${keyObject(plan)} AS key) keyed`)},
    'unchanged', ${list(`SELECT place, ${same} AS row FROM (SELECT ${hash} AS place, o, n FROM pairs WHERE NOT live AND class = 'same' ORDER BY place LIMIT ${sampleRows}) drawn, LATERAL (SELECT ${keyObject(plan)} AS key, ${amount} AS amount) keyed`)})`;
}

function shown(kind: string, before: string, after: string, reason: string, signature: string): string {
  return `jsonb_build_object('key', key, 'class', ${kind}, 'old', ${before}, 'new', ${after}, 'explanation', ${reason}, 'columns', ${signature})`;
}

function keyObject(plan: BackfillPlan): string {
  const parts = plan.uniqueKey.map((column) => {
    const value = `coalesce((o).${ident(column)}, (n).${ident(column)})`;
    return `${literal(column)}, ${shownValue(plan, column, value)}`;
  });
  return `jsonb_build_object(${parts.join(', ')})`;
}
