import { readScenarioFile, WRONG_RANGE } from './scenario.ts';
import { withClient } from './with-client.ts';

export interface TruthComparison {
  /** Keys of the published view and of the truth together. */
  readonly rows: number;
  /** Keys that the view lacks. */
  readonly missing: number;
  /** Keys that only the view has. */
  readonly unexpected: number;
  /** Keys in both with another figure. */
  readonly different: number;
  /** Up to ten of the keys counted above, with both sides. */
  readonly sample: readonly unknown[];
}

const COMPARED = ['gross_revenue', 'net_revenue', 'tax_amount', 'event_count', 'refund_count'] as const;

/**
 * Compares every row of `finance.daily_revenue_current` with what it must be once the days of `corrected` (half-open)
 * are corrected. One statement, so both sides come from one moment; a late event that is not rebuilt yet counts as a
 * difference. When a row was written is not compared.
 */
export async function compareWithTruth(
  adminUrl: string,
  corrected: { readonly start: string; readonly end: string } = WRONG_RANGE,
): Promise<TruthComparison> {
  const statement = comparison(await readScenarioFile('truth.sql'));
  return withClient(adminUrl, async (client) => {
    const { rows } = await client.query<TruthComparison>(statement, [corrected.start, corrected.end]);
    if (rows[0] === undefined)
      throw new Error('the comparison with the truth of finance.daily_revenue_current gave no row');
    return rows[0];
  });
}

function comparison(truth: string): string {
  const figures = (side: string) => COMPARED.map((column) => `${side}.${column}`).join(', ');
  return `
    with truth as materialized (${truth}),
    paired as (
      select
        coalesce(truth.revenue_date, shown.revenue_date)::text as revenue_date,
        coalesce(truth.merchant_id, shown.merchant_id) as merchant_id,
        case
          when shown.revenue_date is null then 'missing'
          when truth.revenue_date is null then 'unexpected'
          when (${figures('truth')}) is distinct from (${figures('shown')}) then 'different'
          else 'equal'
        end as verdict,
        to_jsonb(truth) as expected,
        to_jsonb(shown) as published
      from truth
      full join finance.daily_revenue_current as shown using (revenue_date, merchant_id)
    )
    select
      count(*)::int as rows,
      count(*) filter (where verdict = 'missing')::int as missing,
      count(*) filter (where verdict = 'unexpected')::int as unexpected,
      count(*) filter (where verdict = 'different')::int as different,
      coalesce(
        (select jsonb_agg(worst) from (
          select * from paired where verdict <> 'equal' order by revenue_date, merchant_id limit 10
        ) as worst), '[]'
      ) as sample
    from paired`;
}
