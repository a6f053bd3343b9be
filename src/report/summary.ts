import type { Check, Verdict } from '../domain/verdict.ts';
import { isUnchanged } from './comparison.ts';
import { formatDecimal, formatDelta } from './decimal.ts';
import type { MeasureReport, Report } from './report.ts';
import {
  counted,
  formatChange,
  formatCount,
  formatDuration,
  formatInstant,
  formatKeys,
  formatRange,
  listed,
} from './words.ts';

type Facts = Omit<Report, 'summary'>;

/** The report in plain words, one paragraph each: what and why, by how much, what explains it, what was checked, what changed since it was asked before, what follows. */
export function summarise(facts: Facts): readonly string[] {
  return [
    whatAndWhy(facts),
    byHowMuch(facts),
    closed(facts),
    explained(facts),
    checked(facts),
    askedAgain(facts),
    whatFollows(facts),
  ].filter((paragraph) => paragraph !== '');
}

function whatAndWhy({ reason, dataset, plan, figures }: Facts): string {
  const keys = listed(plan.keyRanges.map(formatKeys));
  const rows = figures.rowsSame + figures.rowsChanged + figures.rowsRemoved;
  return (
    `${reason.change} (${reason.issue}). The correction recomputes ${dataset} from ${keys}: ${counted(plan.partitions, 'partition')}, one a ${plan.grain}. ` +
    `Of ${counted(rows, 'row')} compared, ${formatCount(figures.rowsChanged)} change; ${figures.rowsAdded + figures.rowsRemoved === 0 ? 'none is added or removed' : `${formatCount(figures.rowsAdded)} are added and ${formatCount(figures.rowsRemoved)} removed`}.`
  );
}

function byHowMuch({ measures }: Facts): string {
  return measures.map(measureSentence).join(' ');
}

function closed({ plan }: Facts): string {
  if (plan.reopened.length === 0) return '';
  const names = listed(plan.reopened.map(({ name }) => name));
  const approvers = listed([...new Set(plan.reopened.map(({ approver }) => approver))]);
  return `It changes ${names}, whose books are closed; ${approvers} ${approvers.includes(' and ') ? 'have' : 'has'} to approve that too. The amounts stand below.`;
}

function measureSentence(measure: MeasureReport): string {
  const { name, old, expected } = measure;
  if (isUnchanged(measure)) return `${name} does not change: ${formatDecimal(old)} before and after.`;
  const way = Number(measure.delta) < 0 ? 'falls' : 'rises';
  const change = `${name} ${way} from ${formatDecimal(old)} to ${formatDecimal(measure.new)}, by ${formatDecimal(measure.delta.replace(/^-/, ''))} (${formatChange(measure.percent)})`;
  if (expected.run === undefined) return `${change}; no range was set for it.`;
  const percent = measure.percent === null ? null : Number(measure.percent);
  const inside = percent !== null && percent >= expected.run.low && percent <= expected.run.high;
  return `${change}, ${inside ? 'inside' : 'OUTSIDE'} the expected ${formatRange(expected.run)}.`;
}

function explained({ figures, explanations, changedRows }: Facts): string {
  const moved = figures.rowsChanged + figures.rowsAdded + figures.rowsRemoved;
  if (moved === 0) return 'No row changes.';
  if (explanations.length === 0)
    return `The contract of the dataset names no explanation, so none of the ${counted(moved, 'changed row')} is classified; the largest are listed below by ${changedRows.measure}.`;
  const named = listed(explanations.map(({ name, rows }) => `${counted(rows, 'row')} by “${name}”`));
  return `Explained: ${named}. ${figures.unexplained === 0 ? 'Every row that changes is explained.' : `${counted(figures.unexplained, 'row')} ${figures.unexplained === 1 ? 'that changes is' : 'that change are'} NOT explained by any named reason.`}`;
}

function checked({ checks, proofs, batches, evidence, waivers, liveWrites }: Facts): string {
  if (evidence === null)
    return `The run as a whole has not been reconciled yet: ${batches.passed + batches.waived} of ${counted(batches.total, 'batch', 'batches')} passed, ${batches.failed} failed. What follows is preliminary and cannot be approved.`;
  const waived =
    waivers.length === 0
      ? 'Nothing was waived.'
      : `${counted(waivers.length, 'check')} failed and ${waivers.length === 1 ? 'was' : 'were'} waived; each waiver is listed with its reason.`;
  const live =
    liveWrites.rows === 0
      ? ''
      : ` ${counted(liveWrites.rows, 'row')} that the live pipeline wrote meanwhile are reported apart and counted nowhere above.`;
  return (
    `Checked as of ${formatInstant(evidence.asOf)}: of the whole run, ${tally(checks)}; ${batches.passed} of ${counted(batches.total, 'batch', 'batches')} passed on their own, ${batches.waived} with a waiver; ` +
    `proofs before building: ${tally(proofs)}. ${waived}${live}`
  );
}

/** `9 checks pass, 1 fails; 6 figures for information`. */
function tally(checks: readonly Check[]): string {
  const count = (verdict: Verdict): number => checks.filter((check) => check.verdict === verdict).length;
  const judged = [
    `${counted(count('pass'), 'check')} ${count('pass') === 1 ? 'passes' : 'pass'}`,
    count('fail') === 0 ? 'none fails' : `${count('fail')} ${count('fail') === 1 ? 'fails' : 'fail'}`,
    ...(count('waived') === 0 ? [] : [`${count('waived')} waived`]),
    ...(count('inconclusive') === 0 ? [] : [`${count('inconclusive')} inconclusive`]),
  ].join(', ');
  return count('info') === 0 ? judged : `${judged} (and ${counted(count('info'), 'figure')} for information)`;
}

function askedAgain({ evidence }: Facts): string {
  if (evidence?.previous == null) return '';
  const { digest, asOf, restatedPartitions, measures } = evidence.previous;
  const moves = Object.entries(measures).map(([name, { before, after, difference }]) =>
    Number(difference) === 0
      ? `${name} is as before`
      : `${name} over the interval, live writes included, goes from ${formatDecimal(before)} to ${formatDecimal(after)} (${formatDelta(difference)})`,
  );
  return `Asked again: evidence ${digest.slice(0, 12)} of ${formatInstant(asOf)} no longer stands. Since then ${counted(restatedPartitions, 'partition')} ${restatedPartitions === 1 ? 'was' : 'were'} restated; ${listed(moves)}.`;
}

function whatFollows(facts: Facts): string {
  const { releases, rollback, publishedView, dataset, plan, evidence } = facts;
  const newest = releases.at(-1);
  if (newest?.state === 'consolidated')
    return `Release ${newest.releaseId} was published at ${formatInstant(newest.publishedAt)}, approved by ${newest.approvedBy}, and ${dataset} itself holds the corrected rows now.`;
  if (rollback !== null && newest !== undefined)
    return `Release ${rollback.releaseId} is published since ${formatInstant(newest.publishedAt)}, approved by ${newest.approvedBy}: readers of ${publishedView} see the corrected rows. The rollback window ends at ${formatInstant(rollback.deadline)}; the statement that undoes it stands below.`;
  if (evidence === null) return '';
  const back =
    newest === undefined
      ? ''
      : `Release ${newest.releaseId} was rolled back${newest.rolledBackAt === null ? '' : ` at ${formatInstant(newest.rolledBackAt)}`}; readers see the previous history. `;
  const signOff = plan.signOff.length === 0 ? '' : ` and after ${listed(plan.signOff)} signed off`;
  return (
    `${back}Approving lets readers of ${publishedView} see the corrected rows, all at once, in one switch that makes no reader wait. ${dataset} itself is not touched then: for ${formatDuration(plan.spec.rollback.windowMs)} at least, one statement takes the switch back. ` +
    `Only after that window${signOff} are the corrected rows moved into ${dataset}.`
  );
}
