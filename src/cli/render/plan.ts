import type { BackfillPlan } from '../../domain/backfill-plan.ts';
import { formatBytes } from '../../domain/bytes.ts';
import type { Estimate } from '../../domain/estimate.ts';
import { formatName } from '../../domain/names.ts';
import { plannedFinish } from '../../domain/finish-dates.ts';
import { probeName } from '../../domain/probe-answer.ts';
import { ownApprovers } from '../../domain/required-approvals.ts';
import type { Rehearsal } from '../../domain/rehearsal.ts';
import type { Draft } from '../../planning/draft-plan.ts';
import { counted, formatCount, formatDuration } from '../../report/words.ts';
import { blocks, fields, table } from './layout.ts';
import type { Paint } from './paint.ts';
import { renderRehearsal } from './rehearsal.ts';

export interface PlanToShow {
  readonly plan: BackfillPlan;
  readonly rehearsal: Rehearsal;
  readonly planHash: string;
  /** When the work would begin. */
  readonly now: Date;
}

/** The plan for people: what will be done to what, what it should take and how that is known, and what stood in for fields left out. */
export function renderPlan({ plan, rehearsal, planHash, now }: PlanToShow, paint: Paint): string {
  const { spec, contract } = plan;
  const title = (text: string): string => paint.bold(text);
  return blocks(
    `${title(`Plan for ${plan.backfillId}`)} (${planHash.slice(0, 12)})\n${scope(plan)}`,
    `${title('Names, as they will exist')}\n${names(plan)}`,
    `${title('Logic')}\n${logic(plan)}`,
    renderRehearsal(rehearsal, paint),
    `${title('Estimate')}\n${estimate(plan, now)}`,
    `${samples(plan.estimate)}`,
    `${title('People')}\n${fields([
      ['approve', approvers(plan)],
      ['sign off', `${contract.signOff.join(', ')} (all of them)`],
      ['owner', spec.owner],
    ])}`,
    list(
      title('Overrides'),
      plan.overrides.map(({ path, value, was }) => `${path} = ${value} (was ${was ?? 'not set'})`),
    ),
    list(
      title('Defaults used'),
      plan.defaults.map(({ path, value }) => `${path} = ${value}`),
    ),
    list(paint.waiting('Warnings'), plan.warnings),
  );
}

function scope(plan: BackfillPlan): string {
  const { spec, contract } = plan;
  const { partitionsPerBatch, maxConcurrency, order } = spec.execution;
  const ranges = plan.keyRanges.map(({ start, end }) => `${start} to before ${end}`);
  return fields([
    ['dataset', `${plan.dataset}, read by consumers as ${formatName(plan.view)}`],
    ['reason', `${spec.reason.issue}: ${spec.reason.change}`],
    ['interval', ranges],
    [
      'partitions',
      `${formatCount(plan.partitions)}, each one ${contract.partition.grain} of ${contract.partition.key}`,
    ],
    [
      'batches',
      `${formatCount(plan.batches)} of up to ${counted(partitionsPerBatch, 'partition')}, ${order.replace('_', ' ')}`,
    ],
    [
      'lanes',
      `${maxConcurrency} side by side${spec.execution.pauseDuringLivePipeline ? '; none while the live pipeline runs' : ''}`,
    ],
    [
      'expected',
      Object.entries(spec.validation.deltaExpected).map(([measure, levels]) => `${measure}: ${bands(levels)}`),
    ],
    ['rollback', `possible for ${formatDuration(spec.rollback.windowMs)} after publication, by one statement`],
  ]);
}

function bands(levels: BackfillPlan['spec']['validation']['deltaExpected'][string]): string {
  const byBand = new Map<string, string[]>();
  for (const [level, band] of Object.entries(levels)) {
    const text = `${band.low}% to ${band.high}%`;
    byBand.set(text, [...(byBand.get(text) ?? []), level]);
  }
  return [...byBand].map(([text, where]) => `${text} in each ${where.join(' and ')}`).join('; ');
}

function approvers(plan: BackfillPlan): readonly string[] {
  const { identification } = plan.contract.approval;
  const how = identification === 'claimed' ? '' : `; ${identification}`;
  return [
    `${ownApprovers({ ...plan.contract, reopened: plan.reopened }).join(', ')} (one of them, but never who requested it${how})`,
    ...plan.reopened.map(
      ({ name, start, end, approver }) =>
        `${approver} as well: it reopens ${name} (${start} to ${end}), which is closed`,
    ),
  ];
}

function names(plan: BackfillPlan): string {
  return fields([
    ['base table', `${formatName(plan.table)} (not written before every party signed off)`],
    ['published view', `${formatName(plan.view)} (stays; what it shows is switched)`],
    ['shadow table', `${formatName(plan.shadow)} (new)`],
    ['snapshot', `${formatName(plan.snapshot)} (new)`],
    ['release', `${plan.spec.reason.issue}, with a number after it where that one exists`],
  ]);
}

function logic(plan: BackfillPlan): string {
  return fields([
    ['code version', `${plan.codeVersion}${plan.contractsDirty ? ' (not committed)' : ''}`],
    ['transform', plan.eras.map(({ from, file, sha256 }) => `from ${from}: ${file} (${sha256.slice(0, 12)})`)],
    [
      'source totals',
      Object.entries(plan.sourceTotals).map(
        ([name, { file, tolerance }]) => `${name}: ${file}, tolerance ${tolerance}`,
      ),
    ],
    [
      'live pipeline',
      plan.probe === null ? 'no probe: it tells by message when it runs' : `asked through ${probeName(plan.probe)}`,
    ],
    [
      'live writes',
      plan.contract.livePipeline.capture === 'triggers'
        ? 'marked by triggers on the base table'
        : 'found by comparing the base table; no trigger is made',
    ],
    [
      'written',
      `${plan.comparedColumns.join(', ')}${plan.auditColumns.length > 0 ? `; by their defaults: ${plan.auditColumns.join(', ')}` : ''}`,
    ],
  ]);
}

function estimate(plan: BackfillPlan, now: Date): string {
  const { estimate: figures } = plan;
  const { runtimeMs, cost, samples: runs } = figures;
  const measured = `measured on ${counted(runs.length, 'sample partition')}, scaled by the planner's rows`;
  return fields([
    [
      'rows scanned',
      `about ${formatCount(figures.scannedRows)} (the planner's estimate, added up over the partitions)`,
    ],
    ['rows written', `about ${formatCount(figures.rowsOut)} (${measured})`],
    ['bytes scanned', `about ${formatBytes(figures.bytesScanned)} (${measured}; checks not included)`],
    [
      'runtime',
      `${formatDuration(runtimeMs.low)} to ${formatDuration(runtimeMs.high)} (time of the samples with their checks: all lanes busy, to one lane and a slow day)`,
    ],
    [
      'cost',
      cost === null
        ? 'not priced (BACKFILL_PRICE_PER_TIB and BACKFILL_PRICE_PER_HOUR say what the warehouse charges)'
        : `about ${cost.amount.toFixed(2)} ${cost.currency} (bytes and hours at the configured prices)`,
    ],
    ['connections', `${figures.connections} at most`],
    ['finished', finished(plan, now)],
  ]);
}

function finished(plan: BackfillPlan, now: Date): string {
  const { earliest, latest } = plannedFinish(plan, now);
  const { dailyBytesBudget: budget, pauseWindows, pauseDuringLivePipeline } = plan.spec.execution;
  if (earliest === null) return 'never: pause windows or the daily bytes budget leave no room for the work';
  const under = [
    ...(budget === null ? [] : [`the budget of ${formatBytes(budget)} a day`]),
    ...pauseWindows.map(({ from, to, timeZone }) => `the pause window ${from}–${to} ${timeZone}`),
  ];
  const span = `${instant(earliest)} to ${latest === null ? 'more than three years from now' : instant(latest)}`;
  const apart = pauseDuringLivePipeline ? '; runs of the live pipeline come on top' : '';
  return `${span}, if started now${under.length === 0 ? '' : ` under ${under.join(', ')}`}${apart}`;
}

function instant(iso: string): string {
  return `${iso.slice(0, 16).replace('T', ' ')} UTC`;
}

function samples({ samples: runs }: Estimate): string {
  const rows = runs.map((run) => [
    `  ${run.partition}`,
    formatCount(run.plannedRows),
    formatCount(run.rowsOut),
    formatBytes(run.bytes),
    run.durationMs < 100 ? `${run.durationMs.toFixed(1)} ms` : formatDuration(run.durationMs),
  ]);
  return runs.length === 0 ? '' : table(['  sample', 'rows planned', 'rows out', 'bytes', 'time'], rows);
}

function list(title: string, lines: readonly string[]): string | null {
  return lines.length === 0 ? null : [title, ...lines.map((line) => `  ${line}`)].join('\n');
}

/** Every reason against the plan, each with its remedy. */
export function renderRefusal(
  backfillId: string,
  { reasons, warnings, rehearsal }: Pick<Extract<Draft, { kind: 'refused' }>, 'reasons' | 'warnings' | 'rehearsal'>,
  paint: Paint,
): string {
  return blocks(
    rehearsal === undefined ? null : renderRehearsal(rehearsal, paint),
    [
      paint.bad(`The plan for ${backfillId} is refused; nothing was written.`),
      ...reasons.map((reason) => `- ${reason}`),
    ].join('\n'),
    list(paint.waiting('Warnings'), warnings),
  );
}
