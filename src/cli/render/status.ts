import { formatBytes } from '../../domain/bytes.ts';
import { describeMonitor } from '../../domain/describe-monitor.ts';
import { describeLiveWrites } from '../../domain/live-writes.ts';
import type { StatusView } from '../../domain/status-view.ts';
import { isFinal } from '../../domain/status.ts';
import type { Check } from '../../domain/verdict.ts';
import { describeCheck } from '../../domain/verdict.ts';
import { formatCount, formatInstant } from '../../report/words.ts';
import { exitCodeOf, EXIT } from '../exit-codes.ts';
import type { Field } from './layout.ts';
import { blocks, fields } from './layout.ts';
import { nextCommands } from './next-commands.ts';
import type { Paint } from './paint.ts';

export interface StatusContext {
  /** Page of the run in Temporal's UI, where one is known. */
  readonly link: string | null;
  readonly isLive: boolean;
}

/** One backfill for people: what it does, what it waits for, how to stop it, how to undo it. */
export function renderStatus(view: StatusView, { link, isLive }: StatusContext, paint: Paint): string {
  const stale = isLive
    ? null
    : paint.waiting('No worker answered; as of the last status change. Start one with: npm run worker');
  const commands = nextCommands(view);
  return blocks(
    stale,
    `${paint.bold(view.backfillId)}${view.dataset === null ? '' : `  ${view.dataset}`}\n${fields(summary(view, link, paint))}`,
    undo(view),
    commands.length === 0 ? null : `Next\n${commands.map((command) => `  ${command}`).join('\n')}`,
  );
}

function summary(view: StatusView, link: string | null, paint: Paint): Field[] {
  const { approval, release, waitingOn } = view;
  return [
    ['status', `${colour(view, paint)(view.status)} since ${formatInstant(view.since)}`],
    ['because', isFinal(view.status) ? view.because : null],
    [
      'waiting on',
      waitingOn === null
        ? null
        : `${waitingOn.reason} (since ${formatInstant(waitingOn.since)}${waitingOn.until === undefined ? '' : `, until ${formatInstant(waitingOn.until)}`})`,
    ],
    ['drift', view.drift],
    ['replan would', view.proposal?.lines ?? null],
    ['progress', view.partitions.total === 0 ? null : progress(view)],
    ['live writes', view.liveWrites === null ? null : describeLiveWrites(view.liveWrites)],
    ['scanned', view.bytesScanned === 0 ? null : formatBytes(view.bytesScanned)],
    ['checks', checks(view.checks, paint)],
    ['consumers', view.monitors.map(describeMonitor)],
    ['not told', view.undelivered],
    [
      'waived',
      view.waivers.map(
        (waiver) =>
          `${waiver.check}${waiver.batch === null ? '' : ` in batch ${waiver.batch}`} by ${waiver.by}: ${waiver.reason}`,
      ),
    ],
    ['evidence', view.evidenceDigest],
    ['report', view.reportPath],
    [
      'approval',
      approval === null
        ? null
        : `by ${approval.by} (${approval.identified}) at ${formatInstant(approval.at)}${approval.comment === '' ? '' : `: ${approval.comment}`}`,
    ],
    [
      'release',
      release === null
        ? null
        : `${release.releaseId}, ${release.state === 'published' ? '' : `${release.state.replace('_', ' ')}; `}published ${formatInstant(release.publishedAt)}`,
    ],
    ['downstream', release?.downstream ?? []],
    ['rollback until', view.rollbackDeadline === null ? null : formatInstant(view.rollbackDeadline)],
    ['signed off', view.signOffs.map(({ party, at }) => `${party} at ${formatInstant(at)}`)],
    ['refused', view.refusals.slice(-3).map((refusal) => `${refusal.reason} (${formatInstant(refusal.at)})`)],
    ['page', link],
  ];
}

function colour(view: StatusView, paint: Paint): (text: string) => string {
  const code = exitCodeOf(view);
  return code === EXIT.failed ? paint.bad : code === EXIT.waiting ? paint.waiting : paint.good;
}

const BAR = 24;

function progress({ partitions, batches }: StatusView): string {
  const share = partitions.done / partitions.total;
  const filled = Math.floor(share * BAR);
  const rebuilt = partitions.rebuilt === 0 ? '' : `, ${formatCount(partitions.rebuilt)} rebuilt after live writes`;
  const failed = batches.failed === 0 ? '' : `, ${formatCount(batches.failed)} failed`;
  return [
    `${'#'.repeat(filled)}${'-'.repeat(BAR - filled)} ${Math.floor(share * 100)} %`,
    `${formatCount(partitions.done)}/${formatCount(partitions.total)} partitions${rebuilt}`,
    `${formatCount(batches.done)}/${formatCount(batches.total)} batches${failed}`,
  ].join('  ');
}

/** Those that stop or were let pass, each; the others as numbers. */
function checks(list: readonly Check[], paint: Paint): readonly string[] {
  if (list.length === 0) return [];
  const count = (verdict: Check['verdict']): number => list.filter((check) => check.verdict === verdict).length;
  const information = count('info') === 0 ? '' : `, ${formatCount(count('info'))} for information`;
  const shown = list.filter((check) => check.verdict !== 'pass' && check.verdict !== 'info');
  return [
    `${formatCount(count('pass'))} pass${information}`,
    ...shown.map(
      (check) => `${check.verdict === 'fail' ? paint.bad(check.verdict) : check.verdict}: ${describeCheck(check)}`,
    ),
  ];
}

function undo({ rollbackStatement }: StatusView): string | null {
  if (rollbackStatement === null) return null;
  const indented = rollbackStatement.split('\n').map((line) => `  ${line}`);
  return ['To undo it with nothing but psql', ...indented].join('\n');
}

/** One line for logs and for `--watch` where the output is no terminal. */
export function statusLine(view: StatusView, at: Date): string {
  const { partitions, batches, waitingOn } = view;
  const done =
    partitions.total === 0
      ? ''
      : `  ${partitions.done}/${partitions.total} partitions, ${batches.done}/${batches.total} batches`;
  return `${at.toISOString()}  ${view.status}${done}${waitingOn === null ? '' : `  waiting on: ${waitingOn.reason}`}`;
}
