import type { StatusView } from '../../domain/status-view.ts';

/** What a person can do with a run in this status, most likely first; `<…>` is left to fill in. */
export function nextCommands(view: StatusView): readonly string[] {
  const id = view.backfillId;
  switch (view.status) {
    case 'planning':
    case 'publishing':
      return [`backfill status ${id} --watch`, `backfill abort ${id} --reason "<why>"`];
    case 'proving':
    case 'preserving':
    case 'building':
    case 'reconciling':
    case 'consolidating':
      return [...pauseOrResume(view), ...(view.release === null ? [`backfill abort ${id} --reason "<why>"`] : [])];
    case 'awaitingApproval':
      return [
        `backfill report ${id}`,
        `backfill approve ${id} --by <approver> --digest ${view.evidenceDigest ?? '<from the report>'}`,
        `backfill reject ${id} --by <approver> --reason "<why>"`,
      ];
    case 'held':
      return heldCommands(view);
    case 'observing':
      return [`backfill status ${id} --watch`, `backfill rollback ${id} --reason "<why>"`, ...replan(view)];
    case 'awaitingSignOff':
      return [`backfill sign-off ${id} --by <party>`, `backfill rollback ${id} --reason "<why>"`, ...replan(view)];
    case 'rolledBack':
      return [`backfill republish ${id}`, `backfill close ${id}`];
    case 'rollingBack':
    case 'closing':
    case 'aborting':
      return [`backfill status ${id} --watch`];
    case 'completed':
    case 'closed':
    case 'aborted':
      return [`backfill report ${id}`];
    case 'failed':
      return [];
  }
}

function pauseOrResume({ backfillId, paused }: StatusView): readonly string[] {
  return paused !== null
    ? [`backfill resume ${backfillId}`]
    : [`backfill status ${backfillId} --watch`, `backfill pause ${backfillId} --reason "<why>"`];
}

/** First what it would change, then what was shown. */
function replan({ backfillId, drift, proposal, hold }: StatusView): readonly string[] {
  if (proposal !== null)
    return [`backfill replan ${backfillId} --by <you> --plan-hash ${proposal.planHash.slice(0, 12)}`];
  return drift !== null || hold?.drifted === true ? [`backfill replan ${backfillId} --plan`] : [];
}

function heldCommands(view: StatusView): readonly string[] {
  const { backfillId, hold, release } = view;
  const check = hold?.check ?? null;
  const waive = `backfill waive ${backfillId} --by <approver> --check ${check?.name ?? ''} --reason "<why>"`;
  const isPublished = release?.state === 'published';
  return [
    ...replan(view),
    `backfill retry ${backfillId}`,
    // A proof cannot be waived: the transform is what has to change.
    ...(check === null || check.level === 'proof' ? [] : [waive]),
    isPublished ? `backfill rollback ${backfillId} --reason "<why>"` : `backfill abort ${backfillId} --reason "<why>"`,
  ];
}
