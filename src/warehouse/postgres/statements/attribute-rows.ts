import { isAdditive } from '../../../domain/additive.ts';
import type { BackfillPlan } from '../../../domain/backfill-plan.ts';
import { jsonObject } from '../../sql.ts';

/** Measures that changed rows can be measured by one at a time: the sums, and the contract's first, by which rows are ranked. */
export function measuresOfRows({ contract }: Pick<BackfillPlan, 'contract'>): readonly (readonly [string, string])[] {
  return Object.entries(contract.measures).filter(([, expression], place) => place === 0 || isAdditive(expression));
}

/** `before_n` and `after_n`: the measures over one row alone, of every row that is not the same. */
export function rowAmounts(plan: BackfillPlan): string {
  const of = (side: 'before' | 'after'): string =>
    measuresOfRows(plan)
      .map(([, expression], place) => `${expression} AS ${side}_${place}`)
      .join(', ');
  const measured =
    measuresOfRows(plan).length === 0
      ? ''
      : `,
       LATERAL (SELECT ${of('before')} FROM (SELECT (o).*) one WHERE has_old) before,
       LATERAL (SELECT ${of('after')} FROM (SELECT (n).*) one WHERE has_new) after`;
  return `SELECT pairs.o, pairs.n, pairs.class, pairs.reason, pairs.signature,
            CASE WHEN pairs.class = 'tolerated' THEN 'tolerated' WHEN pairs.reason IS NULL THEN 'unexplained' ELSE 'explained:' || pairs.reason END AS piece${measured === '' ? '' : ', before.*, after.*'}
       FROM pairs${measured} WHERE NOT pairs.live AND pairs.class <> 'same'`;
}

/** What the rows of one measure moved by. */
export function amountMoved(place: number): string {
  return `(coalesce(after_${place}, 0) - coalesce(before_${place}, 0))`;
}

/** By piece and measure: how far its rows move the measure, with signs and without. */
export function attributedPieces(plan: BackfillPlan): string {
  const totals = measuresOfRows(plan).flatMap(([name, expression], place): (readonly [string, string])[] =>
    isAdditive(expression)
      ? [
          [
            name,
            `jsonb_build_object('delta', ${summed(amountMoved(place))}, 'absolute', ${summed(`abs(${amountMoved(place)})`)})`,
          ],
        ]
      : [],
  );
  return `SELECT coalesce(jsonb_object_agg(piece, measures), '{}') FROM (SELECT piece, ${jsonObject(totals)} AS measures FROM amounts GROUP BY piece) pieces`;
}

function summed(value: string): string {
  return `sum(${value})::text`;
}
