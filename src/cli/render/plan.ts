import type { BackfillPlan } from '../../domain/backfill-plan.ts';
import type { PartitionSurvey } from '../../domain/partition-survey.ts';
import { formatName } from '../../domain/names.ts';
import { probeName } from '../../domain/probe-answer.ts';
import { ownApprovers } from '../../domain/required-approvals.ts';
import type { Rehearsal } from '../../domain/rehearsal.ts';
import type { Draft } from '../../planning/draft-plan.ts';
import { counted, formatCount, formatDuration } from '../../report/words.ts';
import { renderEstimate, renderSamples } from './estimate.ts';
import { blocks, fields } from './layout.ts';
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
    `${title('Estimate')}\n${renderEstimate(plan, now)}`,
    renderSamples(plan.estimate),
    survey(title('Partitions that stand out'), plan.estimate.survey),
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
    ['transform', eras(plan)],
    [
      'inputs',
      plan.inputs.map(
        ({ name, rows }) => `${formatName(name)}, ${formatCount(rows)} rows; looked at before every batch`,
      ),
    ],
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

/** Each version with what it builds. */
function eras({ eras: planned, estimate: { survey: seen } }: BackfillPlan): string[] {
  return planned.map(({ from, file, sha256 }) => {
    const size = seen?.eras.find((era) => era.from === from);
    const builds =
      size === undefined
        ? ', no partition of the interval'
        : `, ${counted(size.partitions, 'partition')} in ${counted(size.batches, 'batch', 'batches')}`;
    return `from ${from}: ${file} (${sha256.slice(0, 12)})${seen === null ? '' : builds}`;
  });
}

function survey(title: string, seen: PartitionSurvey | null): string | null {
  if (seen === null) return null;
  const some = ({ count, first }: PartitionSurvey['missing']): string =>
    `${formatCount(count)}: ${first.join(', ')}${count > first.length ? ', …' : ''}`;
  const lines = [
    ...(seen.missing.count > 0 ? [`nothing is published in ${some(seen.missing)}`] : []),
    ...(seen.empty.count > 0 ? [`the corrected logic yields no row for ${some(seen.empty)}`] : []),
    ...seen.outliers.map(
      ({ partition, rows, times }) =>
        `${partition}: about ${formatCount(rows)} rows scanned, ${times >= 1 ? times.toFixed(1) : times.toFixed(2)} times the median`,
    ),
  ];
  return list(title, lines.length === 0 ? [`none of the ${formatCount(seen.planned)} that were looked at`] : lines);
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
