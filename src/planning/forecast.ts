import type { BackfillSpec } from '../domain/backfill-spec.ts';
import type { estimateRun } from '../domain/estimate.ts';
import type { Prices } from '../domain/price.ts';
import type { PlannedInput } from '../domain/reference-input.ts';
import type { PartitionedPlan } from '../ledger/partitions.ts';
import type { Session } from '../warehouse/session.ts';
import { withReadOnly } from '../warehouse/session.ts';
import { readInputs } from './read-inputs.ts';
import type { Sample } from './sample-partitions.ts';
import { choosePartitions } from './sample-partitions.ts';
import { surveyPartitions } from './survey-partitions.ts';

/** What the estimate needs but the samples' runs, and which partitions those are. */
export interface Forecast {
  readonly inputs: readonly PlannedInput[];
  readonly samples: readonly Sample[];
  readonly forecast: Omit<Parameters<typeof estimateRun>[0], 'samples'>;
}

export async function forecastRun(
  session: Session,
  shape: PartitionedPlan,
  counts: { readonly partitions: number; readonly batches: number },
  prices: Prices | null,
): Promise<Forecast> {
  const { contract, spec } = shape;
  const { inputs, cost } = await withReadOnly(session, () => readInputs(session, contract.referenceInputs));
  return withReadOnly(session, async () => {
    const sampled = await choosePartitions(session, shape, counts.partitions);
    const survey = await surveyPartitions(session, shape, sampled);
    const { samples, plannedRows } = sampled;
    const lanes = spec.execution.maxConcurrency;
    // External figures are read from a file, and cost the warehouse nothing.
    const sourceTotals = Object.values(contract.sourceTotals).filter((total) => total.sql !== null).length;
    return { inputs, samples, forecast: { ...counts, lanes, plannedRows, sourceTotals, inputs: cost, survey, prices } };
  });
}

export function priceReasons({ execution }: BackfillSpec, prices: Prices | null): string[] {
  if (execution.dailyCostBudget == null || prices !== null) return [];
  return [
    `execution.daily_cost_budget is ${execution.dailyCostBudget}, and there are no prices to reckon with: set BACKFILL_PRICE_PER_TIB or BACKFILL_PRICE_PER_HOUR for worker and command line, or use daily_bytes_budget`,
  ];
}
