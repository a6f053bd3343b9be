import type { BackfillState, Request } from './backfill-state.ts';
import type { Unheard } from './message-decision.ts';
import { already, refused } from './message-decision.ts';
import type { MessageName } from './messages.ts';
import type { Watched } from './monitors-watched.ts';
import { waivableMonitors } from './monitors-watched.ts';
import type { BackfillStatus } from './status.ts';
import { TOWARDS_PUBLICATION, WATCHING, isBeforePublication, isFinal } from './status.ts';

/** What of a state says which messages are heard, whoever sends them. */
export type Standing = Pick<BackfillState, 'status' | 'hold' | 'paused' | 'shape' | 'requests'> &
  Omit<Watched, 'release'> & {
    readonly release: ReleaseKnown | null;
  };

/** Without a worker, less is known of it. */
type ReleaseKnown = Pick<NonNullable<BackfillState['release']>, 'state'> &
  Partial<Pick<NonNullable<BackfillState['release']>, 'publishedAt'>>;

/**
 * What stands against a message as things are, whoever sends it and whatever it says besides; null where nothing does.
 * The one place that decides it: for the message when it comes, and for what is offered to people before.
 */
export function heardNow(state: Standing, name: MessageName): Unheard | null {
  if (isFinal(state.status)) return refused(`${name}: this backfill has ended (${state.status}); nothing was changed`);
  switch (name) {
    case 'pause':
      return pause(state);
    case 'resume':
      return state.paused === null ? already('it is not paused') : null;
    case 'settle':
      return reshape(state, 'settled');
    case 'rearm':
      return reshape(state, 'armed');
    case 'abort':
      return abort(state);
    case 'replan':
      return replan(state);
    case 'waive':
      return waive(state);
    case 'approve':
    case 'signOff':
      return inItsStatus(state, name);
    case 'reject':
    case 'rollback':
    case 'republish':
    case 'close':
    case 'retry':
      return request(state, name);
    default:
      return null;
  }
}

/** The oldest request of a kind that nothing was done about yet. */
export function pendingRequest({ requests }: Pick<Standing, 'requests'>, kind: Request['kind']): Request | undefined {
  return requests.find((pending) => pending.kind === kind);
}

type Asked = 'reject' | 'rollback' | 'republish' | 'close' | 'retry';

const WHERE: Readonly<Record<Asked | 'approve' | 'signOff', readonly BackfillStatus[]>> = {
  approve: ['awaitingApproval'],
  signOff: ['awaitingSignOff'],
  reject: ['awaitingApproval'],
  rollback: WATCHING,
  republish: ['rolledBack'],
  close: ['rolledBack'],
  retry: ['held'],
};

function inItsStatus({ status }: Standing, name: keyof typeof WHERE): Unheard | null {
  if (WHERE[name].includes(status)) return null;
  const held = name === 'rollback' ? ', and held in one of them or while switching back' : '';
  return refused(`${name}: not possible in status ${status}; it is heard in ${WHERE[name].join(', ')}${held}`);
}

function request(state: Standing, kind: Asked): Unheard | null {
  const pending = pendingRequest(state, kind);
  if (pending !== undefined) return already(`${kind} was asked for by ${pending.by}`);
  if (kind === 'close' && isUndoneByHand(state)) return null;
  if (kind !== 'rollback') return inItsStatus(state, kind);
  if (state.status === 'held' && mayRollBackFrom(state.hold?.from)) return null;
  return at(state) === 'consolidating'
    ? refused(`rollback: not possible in status ${state.status}; ${UNDOING_IS_OVER}`)
    : inItsStatus(state, kind);
}

const UNDOING_IS_OVER =
  'undoing is over, since corrected rows are moving into the base table: what was published before stays in the table that rollback.snapshot of the spec names, until its retention ends';

/** The status; where it is held, the one it is held in. */
function at({ status, hold }: Standing): BackfillStatus {
  return status === 'held' ? (hold?.from ?? 'held') : status;
}

/** Rolled back round the statement that refuses it, after rows were moved into the base: nothing is left to consolidate. */
function isUndoneByHand({ status, hold, release }: Standing): boolean {
  return status === 'held' && hold?.from === 'consolidating' && release?.state === 'rolled_back';
}

function mayRollBackFrom(from: BackfillStatus | undefined): boolean {
  return from === 'rollingBack' || (from !== undefined && WATCHING.includes(from));
}

function abort(state: Standing): Unheard | null {
  const from = at(state);
  if (pendingRequest(state, 'abort') !== undefined || from === 'aborting')
    return already('abort was asked for already');
  return isBeforePublication(from) ? null : refused(`abort: ${insteadOfAbort(from)} (status ${state.status})`);
}

function insteadOfAbort(from: BackfillStatus): string {
  switch (from) {
    case 'consolidating':
      return `the correction was published; ${UNDOING_IS_OVER}`;
    case 'rollingBack':
    case 'rolledBack':
      return 'the correction was published; close removes what was made, once it is rolled back';
    case 'closing':
      return 'what was made is being removed already';
    default:
      return 'the correction was published; use rollback';
  }
}

function pause({ status, paused }: Standing): Unheard | null {
  if (paused !== null) return already(`it is paused by ${paused.by}`);
  const instead = insteadOfPause(status);
  return instead === null
    ? null
    : refused(`pause: it stops proving, preserving, building, reconciling and consolidating; in ${status} ${instead}`);
}

/** What goes on in a status that a pause does not stop, and what does; null where a pause does. */
function insteadOfPause(status: BackfillStatus): string | null {
  switch (status) {
    case 'planning':
      return 'the documents are read and samples are built; abort ends that';
    case 'awaitingApproval':
      return 'only partitions that live writes touch are rebuilt, so that the evidence stays current; reject or abort ends that';
    case 'publishing':
      return 'sources are compared once more and live writes are caught up with before the switch; abort ends that';
    case 'observing':
    case 'awaitingSignOff':
      return 'only partitions that live writes touch are rebuilt, so that readers of the release see them; rollback ends that';
    case 'rollingBack':
      return 'readers are given the previous history back; wait for rolledBack';
    case 'rolledBack':
      return 'nothing is built; republish or close goes on';
    case 'closing':
    case 'aborting':
      return 'what was made is being removed; nothing is built';
    default:
      return null;
  }
}

function reshape(state: Standing, shape: 'armed' | 'settled'): Unheard | null {
  const name = shape === 'settled' ? 'settle' : 'rearm';
  if (!WATCHING.includes(state.status))
    return refused(`${name}: the view changes shape only while a release is watched, not in status ${state.status}`);
  if (state.shape === shape) return already(`the view is ${shape}`);
  return pendingRequest(state, 'reshape') === undefined ? null : already('the view is changing its shape');
}

/** Where a held run may still get another plan. */
const REPLANNED_FROM: readonly BackfillStatus[] = [...TOWARDS_PUBLICATION, ...WATCHING];

function replan(state: Standing): Unheard | null {
  const { status, hold } = state;
  if (pendingRequest(state, 'replan') !== undefined) return already('a replan is being drawn up');
  const isHeard = status === 'held' ? REPLANNED_FROM.includes(hold?.from ?? 'held') : WATCHING.includes(status);
  if (isHeard) return null;
  const place = status === 'held' ? `held from ${hold?.from ?? 'nowhere'}` : status;
  return refused(
    `replan: not possible in status ${place}; it is heard in held, ${WATCHING.join(' and ')}. Before a publication a run holds by itself within seconds of a column that was added`,
  );
}

function waive({ status, hold, ...watched }: Standing): Unheard | null {
  if (WATCHING.includes(status) && waivableMonitors(watched).length > 0) return null;
  if (status !== 'held' || hold === null)
    return refused(
      `waive: not possible in status ${status}; it is heard in held, and while a monitor of a release is breached or inconclusive`,
    );
  if (hold.check === null) return refused(`waive: it is held for another reason than a check: ${hold.reason}`);
  if (hold.check.name === 'batches_passed')
    return refused(
      'waive: batches_passed is the sum of other checks; retry, and waive the check of the batch that fails',
    );
  if (hold.check.level === 'proof')
    return refused(`waive: a proof (${hold.check.name}) cannot be waived; correct the transform`);
  return null;
}
