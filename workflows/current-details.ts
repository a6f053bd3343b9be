import type { BackfillState } from '../src/domain/backfill-state.ts';
import { formatBytes } from '../src/domain/bytes.ts';
import { describeMonitor } from '../src/domain/describe-monitor.ts';
import { nextActions } from '../src/domain/next-actions.ts';
import { describeLiveWrites } from '../src/domain/live-writes.ts';
import { describePrevious } from '../src/domain/previous-evidence.ts';
import { waitingOn } from '../src/domain/status-view.ts';
import { isFinal } from '../src/domain/status.ts';

/** The page for the person on call. Markdown without tables: the UI renders them without borders. */
export function currentDetails(state: BackfillState): string {
  const { plan, progress } = state;
  const waiting = waitingOn(state);
  return [
    `## ${safe(state.backfillId)}: ${state.status}`,
    plan === null
      ? ''
      : `${safe(plan.dataset)} · ${plan.firstKey}..${plan.endKey} · ${safe(plan.issue)} · requested by ${safe(state.requestedBy)}`,
    waiting === null
      ? '**Waiting on:** nothing of its own; where nothing moves, Pending Activities says what is tried again'
      : `**Waiting on:** ${safe(waiting.reason)} (since ${waiting.since}${waiting.until === undefined ? '' : `, until ${waiting.until}`})`,
    plan === null
      ? ''
      : `**Progress:** ${progress.batchesDone}/${plan.batches} batches · ${progress.partitionsDone}/${plan.partitions} partitions · ${progress.partitionsRebuilt} rebuilt after live writes · ${formatBytes(progress.bytesScanned)} scanned${eta(state)}`,
    state.liveWrites == null
      ? ''
      : `**Live writes** (${state.liveWrites.at}): ${safe(describeLiveWrites(state.liveWrites))}`,
    monitors(state),
    undelivered(state),
    verdicts(state),
    state.evidence === null
      ? ''
      : `**Evidence:** \`${state.evidence.digest}\`\n\n${state.evidence.headlines.map((line) => `- ${safe(line)}`).join('\n')}`,
    askedAgain(state),
    drift(state),
    state.release === null
      ? ''
      : `**Release:** ${safe(state.release.releaseId)} · ${state.release.state} · ${state.release.publishedAt}`,
    `**What you can do now**\n\n${actions(state)
      .map((line) => `- ${line}`)
      .join('\n')}`,
    state.rollbackStatement === null
      ? ''
      : `**Undo it without Temporal** (psql, any client):\n\n\`\`\`sql\n${state.rollbackStatement}\n\`\`\``,
    refusals(state),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function monitors({ monitors: seen = [] }: BackfillState): string {
  if (seen.length === 0) return '';
  return `**Consumers**\n\n${seen.map((monitor) => `- ${safe(describeMonitor(monitor))}`).join('\n')}`;
}

function undelivered({ undelivered: failing = [] }: BackfillState): string {
  return failing.length === 0 ? '' : `**Not told yet**\n\n${failing.map((one) => `- ${safe(one)}`).join('\n')}`;
}

function askedAgain({ evidence }: BackfillState): string {
  if (evidence?.previous == null) return '';
  const [asked, ...measures] = describePrevious(evidence.previous).map(safe);
  return `**Asked again:** ${asked}\n\n${measures.map((line) => `- ${line}`).join('\n')}`;
}

function drift({ drift: seen, proposal }: BackfillState): string {
  if (proposal != null)
    return `**A replan would** (asked at ${proposal.at}, plan \`${proposal.planHash}\`)\n\n${proposal.lines.map((line) => `- ${safe(line)}`).join('\n')}`;
  return seen == null ? '' : `**The base table changed:** ${safe(seen)}`;
}

function eta({ progress, plan, status, limits }: BackfillState): string {
  if (status !== 'building' || plan === null || progress.measuredBatches === 0) return '';
  const left =
    ((plan.batches - progress.batchesDone) * progress.busyMs) / progress.measuredBatches / limits.maxConcurrency;
  return ` · about ${Math.max(1, Math.round(left / 1000))} s of work left`;
}

function verdicts(state: BackfillState): string {
  const failing = state.checks.filter(({ verdict }) => ['fail', 'waived', 'inconclusive'].includes(verdict));
  if (failing.length === 0) return '';
  return `**Checks that did not pass**\n\n${failing.map((check) => `- ${safe(check.name)}: ${safe(check.figure)}, allowed ${safe(check.limit)} (${check.verdict})`).join('\n')}`;
}

function refusals(state: BackfillState): string {
  if (state.refusals.length === 0) return '';
  return `**Messages that changed nothing**\n\n${state.refusals
    .slice(-5)
    .map((one) => `- ${one.at} ${safe(one.message)}: ${safe(one.reason)}`)
    .join('\n')}`;
}

function actions(state: BackfillState): string[] {
  const commands = nextActions(state).map(({ command }) => command);
  const report = state.evidence === null ? [] : [`backfill report ${state.backfillId}`];
  if (commands.length + report.length === 0)
    return [isFinal(state.status) ? 'nothing, it has ended' : 'nothing, it goes on by itself'];
  return [...commands, ...report].map((command) => `\`${command}\``);
}

/** Raw HTML would be rendered; names and messages come from people. */
function safe(text: string): string {
  return text.replaceAll('<', '&lt;');
}
