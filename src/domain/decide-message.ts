import type { BackfillState, Request } from './backfill-state.ts';
import { assertNever } from './assert-never.ts';
import { decideReplan } from './decide-replan.ts';
import { readLimits } from './limits.ts';
import type { MessageDecision } from './message-decision.ts';
import { DIGEST_DIGITS, accepted, already, refused } from './message-decision.ts';
import type { Incoming, MessageName } from './messages.ts';
import { isListed, samePerson } from './people.ts';
import { NAME_CHARACTERS, SIGNALS_KEPT, namesOf, standing } from './pipeline-signals.ts';
import type { BackfillEvent } from './backfill-event.ts';
import type { BackfillStatus } from './status.ts';
import { isBeforePublication, isFinal } from './status.ts';

/** Decides a message against the state it meets. Pure: the same for a signal, an update and its validator. */
export function decideMessage(
  state: BackfillState,
  name: MessageName,
  payload: Incoming,
  nowIso: string,
): MessageDecision {
  if (isFinal(state.status)) return refused(`${name}: this backfill has ended (${state.status}); nothing was changed`);
  const by = text(payload, 'by');
  switch (name) {
    case 'livePipelineStarted':
      return pipelineStarted(state, text(payload, 'name') ?? '(unnamed)', nowIso);
    case 'livePipelineFinished':
      return pipelineFinished(state, text(payload, 'name'));
    case 'settle':
      return reshape(state, by, 'settled');
    case 'rearm':
      return reshape(state, by, 'armed');
    case 'pause':
      return pause(state, by, text(payload, 'reason'));
    case 'resume':
      return state.paused === null ? already('it is not paused') : accepted({ type: 'resumed' });
    case 'setLimits':
      return setLimits(state, payload);
    case 'approve':
      return approve(state, by, payload, nowIso);
    case 'replan':
      return decideReplan(state, by, text(payload, 'planHash'));
    case 'waive':
      return waive(state, by, payload, nowIso);
    case 'signOff':
      return signOff(state, by);
    case 'abort':
      return abort(state, by, text(payload, 'reason'));
    case 'reject':
    case 'rollback':
    case 'republish':
    case 'close':
    case 'retry':
      return request(state, name, by, text(payload, 'reason') ?? 'no reason given');
    default:
      return assertNever(name);
  }
}

const WHERE: Readonly<Record<'reject' | 'rollback' | 'republish' | 'close' | 'retry', readonly BackfillStatus[]>> = {
  reject: ['awaitingApproval'],
  rollback: ['observing', 'awaitingSignOff'],
  republish: ['rolledBack'],
  close: ['rolledBack'],
  retry: ['held'],
};

function request(
  state: BackfillState,
  kind: 'reject' | 'rollback' | 'republish' | 'close' | 'retry',
  by: string | null,
  reason: string,
): MessageDecision {
  if (by === null) return refused(`${kind}: say who you are in "by"`);
  const pending = pendingRequest(state, kind);
  if (pending !== undefined) return already(`${kind} was asked for by ${pending.by}`);
  const heldAfterRelease = kind === 'rollback' && state.status === 'held' && mayRollBackFrom(state.hold?.from);
  if (kind === 'rollback' && isConsolidating(state))
    return refused(`rollback: not possible in status ${state.status}; ${UNDOING_IS_OVER}`);
  if (!WHERE[kind].includes(state.status) && !heldAfterRelease)
    return refused(`${kind}: not possible in status ${state.status}; it is heard in ${heardIn(kind)}`);
  if (kind === 'reject' && !isListed(by, state.plan?.approvers ?? []))
    return refused(`reject: ${by} is not an approver of this dataset (${(state.plan?.approvers ?? []).join(', ')})`);
  return accepted({ type: 'requested', request: { kind, by, reason } as Request });
}

function pendingRequest(state: BackfillState, kind: Request['kind']): Request | undefined {
  return state.requests.find((pending) => pending.kind === kind);
}

function heardIn(kind: keyof typeof WHERE): string {
  const held = kind === 'rollback' ? ', and held in one of them or while switching back' : '';
  return `${WHERE[kind].join(', ')}${held}`;
}

function isConsolidating({ status, hold }: BackfillState): boolean {
  return status === 'consolidating' || (status === 'held' && hold?.from === 'consolidating');
}

const UNDOING_IS_OVER =
  'undoing is over, since corrected rows are moving into the base table: what was published before stays in the table that rollback.snapshot of the spec names, until its retention ends';

function mayRollBackFrom(from: BackfillStatus | undefined): boolean {
  return from === 'observing' || from === 'awaitingSignOff' || from === 'rollingBack';
}

function abort(state: BackfillState, by: string | null, reason: string | null): MessageDecision {
  if (by === null) return refused('abort: say who you are in "by"');
  if (pendingRequest(state, 'abort') !== undefined || state.status === 'aborting')
    return already('abort was asked for already');
  const from = state.status === 'held' ? (state.hold?.from ?? 'held') : state.status;
  if (!isBeforePublication(from))
    return refused(`abort: the correction was published; use rollback (status ${state.status})`);
  return accepted({ type: 'requested', request: { kind: 'abort', by, reason: reason ?? 'no reason given' } });
}

const PAUSABLE: readonly BackfillStatus[] = [
  'proving',
  'preserving',
  'building',
  'reconciling',
  'consolidating',
  'held',
];

function pause(state: BackfillState, by: string | null, reason: string | null): MessageDecision {
  if (by === null) return refused('pause: say who you are in "by"');
  if (state.paused !== null) return already(`it is paused by ${state.paused.by}`);
  if (!PAUSABLE.includes(state.status)) return refused(`pause: no work is going on in status ${state.status}`);
  return accepted({ type: 'paused', by, reason: reason ?? 'no reason given' });
}

function pipelineStarted({ pipelineSignals, plan }: BackfillState, name: string, nowIso: string): MessageDecision {
  if (name.length > NAME_CHARACTERS)
    return refused(
      `livePipelineStarted: the name has ${name.length} characters, ${NAME_CHARACTERS} are kept; work is not stopped for it, signal a shorter name`,
    );
  const others = standing(pipelineSignals, plan?.startedSignalExpiresMs, nowIso).filter((one) => one.name !== name);
  if (others.length >= SIGNALS_KEPT)
    return refused(
      `livePipelineStarted: ${others.length} pipelines are known to run, more are not kept (${namesOf(others)}); finish those that ended, then signal ${name} again`,
    );
  return accepted({ type: 'pipelineStarted', name });
}

function pipelineFinished({ pipelineSignals }: BackfillState, name: string | null): MessageDecision {
  if (pipelineSignals.length === 0) return already('no run of the live pipeline was signalled');
  if (name !== null && !pipelineSignals.some((signal) => signal.name === name))
    return already(`no run of ${name} was signalled; known to run: ${namesOf(pipelineSignals)}`);
  return accepted({ type: 'pipelineFinished', name });
}

function reshape(state: BackfillState, by: string | null, shape: 'armed' | 'settled'): MessageDecision {
  const name = shape === 'settled' ? 'settle' : 'rearm';
  if (by === null) return refused(`${name}: say who you are in "by"`);
  if (state.status !== 'observing' && state.status !== 'awaitingSignOff')
    return refused(`${name}: the view changes shape only while a release is watched, not in status ${state.status}`);
  if (state.shape === shape) return already(`the view is ${shape}`);
  if (pendingRequest(state, 'reshape') !== undefined) return already('the view is changing its shape');
  return accepted({ type: 'requested', request: { kind: 'reshape', by, shape } });
}

function setLimits(state: BackfillState, payload: Incoming): MessageDecision {
  if (state.plan === null)
    return refused('setLimits: the plan sets the limits when it is frozen; change them after planning');
  const read = readLimits(payload);
  if ('problem' in read) return refused(read.problem);
  const same = Object.entries(read.limits).every(
    ([key, value]) => state.limits[key as keyof typeof read.limits] === value,
  );
  return same ? already('these limits are in force') : accepted({ type: 'limited', limits: read.limits });
}

function approve(state: BackfillState, by: string | null, payload: Incoming, nowIso: string): MessageDecision {
  const digest = text(payload, 'digest');
  if (by === null || digest === null) return refused('approve: give "by" and the "digest" of the evidence you read');
  const known = state.requests.find((pending) => pending.kind === 'approve')?.approval ?? state.approval;
  if (known !== null && samePerson(known.by, by) && known.digest.startsWith(digest.toLowerCase()))
    return already('this approval is recorded');
  if (state.status !== 'awaitingApproval')
    return refused(`approve: not possible in status ${state.status}; it is heard in awaitingApproval`);
  const approvers = state.plan?.approvers ?? [];
  if (!isListed(by, approvers))
    return refused(`approve: ${by} is not an approver of this dataset (${approvers.join(', ')})`);
  if (samePerson(by, state.requestedBy))
    return refused(`approve: ${by} requested this backfill; somebody else must approve it`);
  if (state.waivers.some((waiver) => samePerson(waiver.by, by)))
    return refused(`approve: ${by} waived a check of this backfill; another approver must approve it`);
  if (digest.length < DIGEST_DIGITS)
    return refused(
      `approve: ${digest.length} digits of the digest are too few; give all of it, or at least its first ${DIGEST_DIGITS}`,
    );
  if (!isDigestOf(digest, state.evidence?.digest))
    return refused(
      `approve: the digest is not that of the present evidence (${state.evidence?.digest ?? 'none'}); read the report again`,
    );
  const comment = text(payload, 'comment') ?? '';
  const approval = {
    by,
    identified: 'claimed' as const,
    digest: state.evidence?.digest ?? digest,
    comment,
    at: nowIso,
  };
  return accepted({ type: 'requested', request: { kind: 'approve', by, approval } });
}

function isDigestOf(given: string, present: string | undefined): boolean {
  return present !== undefined && present.startsWith(given.toLowerCase());
}

function waive(state: BackfillState, by: string | null, payload: Incoming, nowIso: string): MessageDecision {
  const check = text(payload, 'check');
  const reason = text(payload, 'reason');
  if (by === null || check === null || reason === null) return refused('waive: give "by", the "check" and a "reason"');
  if (state.requests.some((pending) => pending.kind === 'waive' && pending.waiver.check === check))
    return already('this waiver is being recorded');
  if (state.status !== 'held' || state.hold === null)
    return refused(`waive: not possible in status ${state.status}; it is heard in held`);
  if (state.hold.check === null)
    return refused(`waive: it is held for another reason than a check: ${state.hold.reason}`);
  if (state.hold.check.name !== check)
    return refused(`waive: the failing check is "${state.hold.check.name}", not "${check}"`);
  if (state.hold.check.name === 'batches_passed')
    return refused(
      'waive: batches_passed is the sum of other checks; retry, and waive the check of the batch that fails',
    );
  if (state.hold.check.level === 'proof')
    return refused(`waive: a proof (${check}) cannot be waived; correct the transform`);
  if (!isListed(by, state.plan?.approvers ?? []))
    return refused(`waive: ${by} is not an approver of this dataset (${(state.plan?.approvers ?? []).join(', ')})`);
  if (samePerson(by, state.requestedBy))
    return refused(`waive: ${by} requested this backfill; somebody else must waive`);
  const { figure, limit } = state.hold.check;
  const waiver = { by, check, batch: state.hold.batch, figure, limit, reason, at: nowIso };
  return accepted({ type: 'requested', request: { kind: 'waive', by, waiver } });
}

function signOff(state: BackfillState, by: string | null): MessageDecision {
  const parties = state.plan?.signOff ?? [];
  if (by === null) return refused(`signOff: say for which party in "by" (${parties.join(', ')})`);
  const pending = state.requests.some((asked) => asked.kind === 'signOff' && samePerson(asked.by, by));
  if (pending || state.signOffs.some((done) => samePerson(done.party, by))) return already(`${by} signed off`);
  if (state.status !== 'awaitingSignOff')
    return refused(`signOff: not possible in status ${state.status}; it is heard in awaitingSignOff`);
  const party = parties.find((listed) => samePerson(listed, by));
  if (party === undefined) return refused(`signOff: ${by} is not a party of this dataset (${parties.join(', ')})`);
  return accepted({ type: 'requested', request: { kind: 'signOff', by: party } });
}

function text(payload: Incoming, key: string): string | null {
  const value = payload[key];
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
}
