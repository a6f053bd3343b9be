import type { upsertSearchAttributes } from '@temporalio/workflow';
import type { BackfillState } from '../src/domain/backfill-state.ts';
import type { PlanSummary } from '../src/domain/plan-summary.ts';
import { SEARCH_ATTRIBUTES } from '../src/protocol/search-attributes.ts';

type Pairs = Extract<Parameters<typeof upsertSearchAttributes>[0], readonly unknown[]>;

/** What a run can be found by, as it is at a change of status or of its wait. */
export function searchAttributesOf(state: BackfillState, plan: PlanSummary): Pairs {
  const { status, progress, rollbackDeadline } = state;
  return [
    keyword('BackfillStatus', status),
    keyword('BackfillWaitingOn', kindOfWait(state)),
    keyword('BackfillDataset', plan.dataset),
    keyword('BackfillOwner', plan.owner),
    keyword('BackfillIssue', plan.issue),
    { key: key('BackfillDone'), value: progress.partitionsDone },
    { key: key('BackfillTotal'), value: plan.partitions },
    {
      key: key('BackfillRollbackDeadline'),
      value: status === 'observing' && rollbackDeadline !== null ? new Date(rollbackDeadline) : null,
    },
  ];
}

function key<N extends keyof typeof SEARCH_ATTRIBUTES>(name: N): { name: N; type: (typeof SEARCH_ATTRIBUTES)[N] } {
  return { name, type: SEARCH_ATTRIBUTES[name] };
}

/** The server refuses a keyword of more than 255 characters, and with it the whole workflow task. */
function keyword(
  name: 'BackfillStatus' | 'BackfillWaitingOn' | 'BackfillDataset' | 'BackfillOwner' | 'BackfillIssue',
  value: string,
): Pairs[number] {
  return { key: key(name), value: value.slice(0, 250) };
}

/** The wait that is shown, by its kind. */
export function kindOfWait({ status, paused, pipelineSignals, waiting, retainUntil }: BackfillState): string {
  switch (status) {
    case 'awaitingApproval':
      return 'approval';
    case 'observing':
      return 'the rollback window';
    case 'awaitingSignOff':
      return 'sign-off';
    case 'rolledBack':
      return 'republish or close';
    case 'held':
      return 'a decision';
    default:
      if (paused !== null) return 'resume';
      if (pipelineSignals.length > 0) return 'the live pipeline';
      if (waiting !== null) return 'the gate';
      return status === 'consolidating' && retainUntil !== null ? 'the retention of the snapshot' : 'nothing';
  }
}
