import type { BackfillState } from '../src/domain/backfill-state.ts';
import { formatBytes } from '../src/domain/bytes.ts';
import { missingSignOffs } from '../src/domain/parties.ts';
import { describePrevious } from '../src/domain/previous-evidence.ts';
import { waitingOn } from '../src/domain/status-view.ts';

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
  const id = state.backfillId;
  const say = (command: string): string => `\`backfill ${command}\``;
  switch (state.status) {
    case 'awaitingApproval':
      return [
        say(`approve ${id} --by <approver> --digest ${state.evidence?.digest ?? ''}`),
        say(`reject ${id} --by <approver> --reason <why>`),
        say(`report ${id}`),
        say(`abort ${id} --reason <why>`),
      ];
    case 'held':
      return [
        say(`retry ${id}`),
        ...(state.hold?.drifted === true || state.proposal != null ? [replanned(state)] : []),
        ...(state.hold?.check == null
          ? []
          : [say(`waive ${id} --by <approver> --check ${state.hold.check.name} --reason <why>`)]),
        say(`abort ${id} --reason <why>`),
      ];
    case 'observing':
      return [
        say(`rollback ${id} --reason <why>`),
        say(`settle ${id}`),
        ...(state.drift == null ? [] : [replanned(state)]),
      ];
    case 'awaitingSignOff':
      return [
        ...missingSignOffs(state.plan?.signOff ?? [], state.signOffs).map((party) =>
          say(`sign-off ${id} --by ${party}`),
        ),
        say(`rollback ${id} --reason <why>`),
      ];
    case 'rolledBack':
      return [say(`republish ${id}`), say(`close ${id}`)];
    case 'consolidating':
      return [state.paused === null ? say(`pause ${id} --reason <why>`) : say(`resume ${id}`)];
    case 'planning':
    case 'publishing':
      return [say(`abort ${id} --reason <why>`)];
    case 'proving':
    case 'preserving':
    case 'building':
    case 'reconciling':
      return [
        state.paused === null ? say(`pause ${id} --reason <why>`) : say(`resume ${id}`),
        say(`abort ${id} --reason <why>`),
      ];
    default:
      return [say(`report ${id}`)];
  }
}

/** First what it would change, then what was shown. */
function replanned({ backfillId, proposal }: BackfillState): string {
  return proposal == null
    ? `\`backfill replan ${backfillId} --by <you>\``
    : `\`backfill replan ${backfillId} --by <you> --plan-hash ${proposal.planHash.slice(0, 12)}\``;
}

/** Raw HTML would be rendered; names and messages come from people. */
function safe(text: string): string {
  return text.replaceAll('<', '&lt;');
}
