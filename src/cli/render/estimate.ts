import type { BackfillPlan } from '../../domain/backfill-plan.ts';
import { formatBytes } from '../../domain/bytes.ts';
import type { Estimate } from '../../domain/estimate.ts';
import { plannedFinish } from '../../domain/finish-dates.ts';
import { formatMoney } from '../../domain/price.ts';
import { counted, formatCount, formatDuration } from '../../report/words.ts';
import { fields, table } from './layout.ts';

/** What the run should take, and of each figure how it is known. */
export function renderEstimate(plan: BackfillPlan, now: Date): string {
  const { estimate: figures, spec } = plan;
  const { runtimeMs, samples: runs } = figures;
  const measured = `measured on ${counted(runs.length, 'sample partition')} by the rows that they scanned`;
  const asked = figures.survey === null ? figures.partitions : figures.survey.planned;
  const of = asked === figures.partitions ? 'over all of them' : `from ${formatCount(asked)} of them`;
  return fields([
    [
      'rows scanned',
      `about ${formatCount(figures.scannedRows)} (the planner's, partition by partition, added up ${of})`,
    ],
    ['rows written', `about ${formatCount(figures.rowsOut)} (${measured})`],
    [
      'bytes scanned',
      `about ${formatBytes(figures.bytesScanned)} to build (${measured}; within a tenth on fresh statistics)`,
    ],
    ['', `about ${formatBytes(figures.checkBytes)} to check (${checks(plan)})`],
    [
      'runtime',
      `${formatDuration(runtimeMs.low)} to ${formatDuration(runtimeMs.high)} (time of the samples with their checks: all lanes busy, to one lane and a slow day)`,
    ],
    ['cost', cost(figures)],
    [
      'batches',
      `${formatCount(figures.batches)} in about ${counted(figures.claims, 'claim')} of some 5 s; about ${formatCount(figures.events)} events of workflow history`,
    ],
    [
      'connections',
      `${figures.connections} at most (two for each of ${counted(spec.execution.maxConcurrency, 'lane')}, two beside)`,
    ],
    ['finished', finished(plan, now)],
  ]);
}

function checks({ sourceTotals, inputs, estimate }: BackfillPlan): string {
  const totals = Object.values(sourceTotals).filter(({ figures }) => figures === null).length;
  return [
    totals === 0 ? 'no source total' : `${counted(totals, 'source total')}, each as much as the build`,
    ...(inputs.length === 0
      ? []
      : [`${counted(inputs.length, 'reference input')} of ${formatBytes(estimate.inputs.bytes)} before every batch`]),
  ].join('; ');
}

function cost({ cost: priced }: Estimate): string {
  if (priced === null)
    return 'not priced (BACKFILL_PRICE_PER_TIB and BACKFILL_PRICE_PER_HOUR say what the warehouse charges)';
  const { low, high, amount, currency } = priced;
  return `${formatMoney(low, currency)} to ${formatMoney(high, currency)}, likely ${formatMoney(amount, currency)} (bytes and hours at the configured prices)`;
}

function finished(plan: BackfillPlan, now: Date): string {
  const { earliest, latest } = plannedFinish(plan, now);
  const { dailyBytesBudget: budget, dailyCostBudget, pauseWindows, pauseDuringLivePipeline } = plan.spec.execution;
  if (earliest === null) return 'never: pause windows or a daily budget leave no room for the work';
  const under = [
    ...(budget === null ? [] : [`the budget of ${formatBytes(budget)} a day`]),
    ...(dailyCostBudget == null
      ? []
      : [`the budget of ${formatMoney(dailyCostBudget, plan.estimate.prices?.currency ?? '')} a day`]),
    ...pauseWindows.map(({ from, to, timeZone }) => `the pause window ${from}–${to} ${timeZone}`),
  ];
  const span = `${instant(earliest)} to ${latest === null ? 'more than three years from now' : instant(latest)}`;
  const apart = pauseDuringLivePipeline ? '; runs of the live pipeline come on top' : '';
  return `${span}, if started now${under.length === 0 ? '' : ` under ${under.join(', ')}`}${apart}`;
}

function instant(iso: string): string {
  return `${iso.slice(0, 16).replace('T', ' ')} UTC`;
}

/** The samples that everything was measured on. */
export function renderSamples({ samples: runs }: Estimate): string | null {
  const rows = runs.map((run) => [
    `  ${run.partition}`,
    formatCount(run.scannedRows),
    formatCount(run.rowsOut),
    formatBytes(run.bytes),
    run.durationMs < 100 ? `${run.durationMs.toFixed(1)} ms` : formatDuration(run.durationMs),
  ]);
  return runs.length === 0 ? null : table(['  sample', 'rows scanned', 'rows out', 'bytes', 'time'], rows);
}
