import type { PreviousEvidence } from '../domain/previous-evidence.ts';
import { ownApprovers } from '../domain/required-approvals.ts';
import { formatDecimal, formatDelta } from './decimal.ts';
import type { Markup } from './markup.ts';
import { markup, NOTHING } from './markup.ts';
import { renderAmendments } from './render-live-writes.ts';
import type { Report, ReportedDecision, ReportedRelease } from './report.ts';
import type { Column } from './table.ts';
import { facts, table } from './table.ts';
import { counted, formatDuration, formatInstant, listed } from './words.ts';

/** What is asked of an approver, what was decided, what is published and what undoes it. */
export function renderDecision(report: Report): Markup {
  return markup`${renderApproval(report)}
<h2 id="rollback">Undoing it</h2>
${renderRollback(report)}
<h2 id="decisions">Decisions and releases</h2>
${table('Who decided what, and how each was identified', DECISION_COLUMNS, report.decisions, 'Nobody has decided anything yet.')}
${table('Releases of this backfill', RELEASE_COLUMNS, report.releases, 'Nothing was published yet.')}
${report.releases.filter(({ amendments }) => amendments > 0).map((release) => renderReleased(release, report))}`;
}

/** What a release published beside the evidence that was approved. */
function renderReleased({ releaseId, amendmentList, amendmentDigest }: ReportedRelease, { measures }: Report): Markup {
  const names = measures.map((measure) => measure.name);
  return markup`${renderAmendments(`Amendments that release ${releaseId} published`, amendmentList, names, '')}
<p class="soft">Digest of the amendments of ${releaseId}: <code>${amendmentDigest}</code></p>
`;
}

function renderApproval({ evidence, commands, plan, requestedBy, liveWrites, publishedView, dataset }: Report): Markup {
  if (evidence === null || commands.approve === null || commands.approveByTemporal === null)
    return markup`<h2 id="approve">Approving</h2>
<p>There is no evidence of the whole run yet, so there is nothing to approve.</p>
`;
  return markup`<h2 id="approve">Approving</h2>
<div class="decide">
<p>An approval publishes the corrected rows in <code>${publishedView}</code>; <code>${dataset}</code> stays as it is until the rollback window (${formatDuration(plan.spec.rollback.windowMs)}) is over${plan.signOff.length === 0 ? '' : ` and ${listed(plan.signOff)} signed off`}. It covers this evidence and no other, and at most ${counted(liveWrites.allowedPartitions, 'partition')} or ${liveWrites.allowedMeasurePercent}% of any measure restated by the live pipeline meanwhile; beyond that it is asked for again.</p>
${facts([
  ['Evidence digest', markup`<code>${evidence.digest}</code>`],
  ['Evidence as of', formatInstant(evidence.asOf)],
  ...(evidence.previous === null ? [] : [['Asked before', renderQuestion(evidence.previous)] as const]),
  [
    'May approve',
    `${listed(ownApprovers(plan))}; never ${requestedBy}, who requested it, and nobody who waived a check`,
  ],
  ...(plan.reopened.length === 0
    ? []
    : [
        ['Has to approve besides', listed(plan.reopened.map(({ name, approver }) => `${approver} (${name})`))] as const,
      ]),
  ...(plan.identification === 'claimed' ? [] : [['An approval has to be', plan.identification] as const]),
])}
${evidence.previous === null ? NOTHING : renderDifference(evidence.previous)}<p>Approve, while the backfill awaits approval:</p>
<pre><code>${commands.approve}</code></pre>
<p>The same through Temporal:</p>
<pre><code>${commands.approveByTemporal}</code></pre>
${
  commands.reject === null || commands.rejectByTemporal === null
    ? NOTHING
    : markup`<p>Reject; the backfill is held with your reason and nothing is lost:</p>
<pre><code>${commands.reject}
${commands.rejectByTemporal}</code></pre>
`
}</div>
`;
}

function renderQuestion({ digest, asOf }: PreviousEvidence): Markup {
  return markup`evidence <code>${digest}</code> as of ${formatInstant(asOf)}`;
}

/** What somebody who read the previous evidence has to know: what readers would see now, and did not then. */
function renderDifference({ restatedPartitions, measures }: PreviousEvidence): Markup {
  return table(
    `What changed since it was asked before: ${counted(restatedPartitions, 'partition')} restated`,
    [
      { head: 'Measure', kind: 'word', cell: ([name]) => name },
      { head: 'Before', kind: 'number', cell: ([, { before }]) => formatDecimal(before) },
      { head: 'Now', kind: 'number', cell: ([, { after }]) => formatDecimal(after) },
      { head: 'Difference', kind: 'number', cell: ([, { difference }]) => formatDelta(difference) },
    ],
    Object.entries(measures),
    '',
  );
}

function renderRollback({ rollback, commands, releases, publishedView, plan }: Report): Markup {
  if (rollback !== null)
    return markup`<p>Release ${rollback.releaseId} is in force; its rollback window ends at ${formatInstant(rollback.deadline)}. To let readers of <code>${publishedView}</code> see the previous history again:</p>
<pre><code>${commands.rollback}</code></pre>
<p>The same in any SQL client, with no worker and no Temporal running. ${rollback.armed ? 'It takes milliseconds and waits for no reader.' : 'The view is settled at present, so the first statement arms it again.'} The answer <code>INSERT 0 1</code> means that it is done.</p>
<pre><code>${rollback.statement}</code></pre>
`;
  if (releases.at(-1)?.state === 'consolidated')
    return markup`<p>The corrected rows are part of the base table and the overlay is retired: no single statement undoes that. The previous rows were preserved in <code>${plan.snapshot}</code>, kept for ${formatDuration(plan.spec.rollback.retainAfterSignOffMs)} after the sign-off.</p>
`;
  return markup`<p>Readers see the previous history at present, so there is nothing to undo. The previous rows are preserved in <code>${plan.snapshot}</code>; once something is published, the statement that takes it back is printed here, in the workflow's details and by <code>backfill status</code>.</p>
`;
}

const DECISIONS: Readonly<Record<ReportedDecision['decision'], string>> = {
  approve: 'approved',
  reject: 'rejected',
  waive: 'waived a check',
  sign_off: 'signed off',
};

const DECISION_COLUMNS: readonly Column<ReportedDecision>[] = [
  { head: 'Who', kind: 'word', cell: ({ by }) => by },
  { head: 'Identified', kind: 'word', cell: ({ identified }) => identified },
  {
    head: 'Decision',
    kind: 'word',
    cell: ({ decision, subject }) => (subject === '' ? DECISIONS[decision] : `${DECISIONS[decision]}: ${subject}`),
  },
  { head: 'At', kind: 'word', cell: ({ at }) => formatInstant(at) },
  {
    head: 'Comment',
    cell: ({ comment, voidBecause }) =>
      voidBecause === null ? comment : markup`${comment} <span class="warn">Void: ${voidBecause}</span>`,
  },
  {
    head: 'Evidence',
    kind: 'word',
    cell: ({ digest }) => (digest === '' ? '' : markup`<code>${digest.slice(0, 12)}</code>`),
  },
];

const RELEASE_COLUMNS: readonly Column<ReportedRelease>[] = [
  { head: 'Release', kind: 'word', cell: ({ releaseId }) => releaseId },
  { head: 'State', kind: 'word', cell: ({ state }) => state.replace('_', ' ') },
  { head: 'Published', kind: 'word', cell: ({ publishedAt }) => formatInstant(publishedAt) },
  { head: 'Approved by', kind: 'word', cell: ({ approvedBy }) => approvedBy },
  {
    head: 'Rolled back',
    kind: 'word',
    cell: ({ rolledBackAt }) => (rolledBackAt === null ? '–' : formatInstant(rolledBackAt)),
  },
  { head: 'Amended partitions', kind: 'number', cell: ({ amendments }) => `${amendments}` },
];
