import type { BackfillState, Request } from './backfill-state.ts';
import { assertNever } from './assert-never.ts';
import { decideReplan } from './decide-replan.ts';
import { heardNow } from './heard-now.ts';
import { readLimits } from './limits.ts';
import type { MessageDecision, Unheard } from './message-decision.ts';
import { DIGEST_DIGITS, accepted, already, refused } from './message-decision.ts';
import type { Incoming, MessageName } from './messages.ts';
import { monitorCheck, monitorCheckName, waivableMonitors } from './monitors-watched.ts';
import type { Identification } from './people.ts';
import { isIdentified, isListed, samePerson } from './people.ts';
import { NAME_CHARACTERS, SIGNALS_KEPT, namesOf, standing } from './pipeline-signals.ts';
import { mayApprove } from './required-approvals.ts';
import { isSignature } from './signed-approval.ts';
import { isFinal } from './status.ts';
import type { Check } from './verdict.ts';

/** Decides a message against the state it meets. Pure: the same for a signal, an update and its validator. */
export function decideMessage(
  state: BackfillState,
  name: MessageName,
  payload: Incoming,
  nowIso: string,
): MessageDecision {
  const by = text(payload, 'by');
  const unheard = repeated(state, name, payload) ?? heardNow(state, name);
  // Half a message repeats nothing: it is told what it lacks. Only resume needs no name.
  const isHalf = unheard?.kind === 'already' && by === null && name !== 'resume';
  if (unheard !== null && !isHalf) return unheard;
  switch (name) {
    case 'livePipelineStarted':
      return pipelineStarted(state, text(payload, 'name') ?? '(unnamed)', nowIso);
    case 'livePipelineFinished':
      return pipelineFinished(state, text(payload, 'name'));
    case 'settle':
      return reshape(name, by, 'settled');
    case 'rearm':
      return reshape(name, by, 'armed');
    case 'pause':
      return pause(by, text(payload, 'reason'));
    case 'resume':
      return accepted({ type: 'resumed' });
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
      return abort(by, text(payload, 'reason'));
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

/** What the same person said already is not refused because the backfill went on meanwhile. */
function repeated(state: BackfillState, name: MessageName, payload: Incoming): Unheard | null {
  const by = text(payload, 'by');
  if (by === null || isFinal(state.status)) return null;
  switch (name) {
    case 'approve': {
      const digest = text(payload, 'digest')?.toLowerCase();
      const known = [
        ...(state.approvals ?? []),
        ...(state.approval === null ? [] : [state.approval]),
        ...state.requests.flatMap((asked) => (asked.kind === 'approve' ? [asked.approval] : [])),
      ];
      // With another signature it is another: a bad one must not stand in the way of the good one that follows.
      const signature = text(payload, 'signature') ?? undefined;
      const isSame = known.some(
        (one) => samePerson(one.by, by) && isDigestOf(digest ?? '', one.digest) && one.signature === signature,
      );
      return isSame ? already('this approval is recorded') : null;
    }
    case 'waive': {
      const check = text(payload, 'check');
      const isPending = state.requests.some((asked) => asked.kind === 'waive' && asked.waiver.check === check);
      return isPending ? already('this waiver is being recorded') : null;
    }
    case 'signOff': {
      const isPending = state.requests.some((asked) => asked.kind === 'signOff' && samePerson(asked.by, by));
      const isDone = state.signOffs.some((done) => samePerson(done.party, by));
      return isPending || isDone ? already(`${by} signed off`) : null;
    }
    case 'replan': {
      const planHash = text(payload, 'planHash')?.toLowerCase() ?? '';
      const isInForce = planHash.length >= DIGEST_DIGITS && state.plan?.planHash.startsWith(planHash) === true;
      return isInForce ? already('this plan is in force') : null;
    }
    default:
      return null;
  }
}

function request(
  state: BackfillState,
  kind: 'reject' | 'rollback' | 'republish' | 'close' | 'retry',
  by: string | null,
  reason: string,
): MessageDecision {
  if (by === null) return refused(`${kind}: say who you are in "by"`);
  const approvers = mayApprove(state.plan);
  if (kind === 'reject' && !isListed(by, approvers))
    return refused(`reject: ${by} is not an approver of this dataset (${approvers.join(', ')})`);
  return accepted({ type: 'requested', request: { kind, by, reason } as Request });
}

function abort(by: string | null, reason: string | null): MessageDecision {
  if (by === null) return refused('abort: say who you are in "by"');
  return accepted({ type: 'requested', request: { kind: 'abort', by, reason: reason ?? 'no reason given' } });
}

function pause(by: string | null, reason: string | null): MessageDecision {
  if (by === null) return refused('pause: say who you are in "by"');
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

function reshape(name: 'settle' | 'rearm', by: string | null, shape: 'armed' | 'settled'): MessageDecision {
  if (by === null) return refused(`${name}: say who you are in "by"`);
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
  const approvers = mayApprove(state.plan);
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
  const signature = text(payload, 'signature');
  if (signature !== null && !isSignature(signature))
    return refused(
      'approve: the signature is not that of an ed25519 key: base64 of 64 bytes is what backfill approve --key sends',
    );
  const identified = signature === null ? ('claimed' as const) : ('signed' as const);
  const asked = state.plan?.identification ?? 'claimed';
  if (!isIdentified(identified, asked))
    return refused(
      `approve: this dataset takes an approval that is ${asked}, and a name in a message is ${identified}: ${HOW_TO[asked]}`,
    );
  const approval = {
    by,
    identified,
    digest: state.evidence?.digest ?? digest,
    comment: text(payload, 'comment') ?? '',
    at: nowIso,
    ...(signature === null ? {} : { signature }),
  };
  return accepted({ type: 'requested', request: { kind: 'approve', by, approval } });
}

/** How an approver becomes known as well as a contract may ask for. */
const HOW_TO: Readonly<Record<Identification, string>> = {
  claimed: 'name yourself',
  proxy: 'approve on the review page, or sign: backfill approve --key <private key>',
  signed: 'backfill approve --key <private key>',
};

function isDigestOf(given: string, present: string | undefined): boolean {
  return present !== undefined && given.length >= DIGEST_DIGITS && present.startsWith(given.toLowerCase());
}

function waive(state: BackfillState, by: string | null, payload: Incoming, nowIso: string): MessageDecision {
  const check = text(payload, 'check');
  const reason = text(payload, 'reason');
  if (by === null || check === null || reason === null) return refused('waive: give "by", the "check" and a "reason"');
  const monitor = (state.monitors ?? []).find(({ name }) => monitorCheckName(name) === check);
  const failing = state.status === 'held' ? (state.hold?.check ?? null) : watchedCheck(state, check);
  if (failing?.name !== check)
    return refused(`waive: the failing check is "${failing?.name ?? 'none'}", not "${check}"`);
  if (!isListed(by, state.plan?.approvers ?? []))
    return refused(`waive: ${by} is not an approver of this dataset (${(state.plan?.approvers ?? []).join(', ')})`);
  if (samePerson(by, state.requestedBy))
    return refused(`waive: ${by} requested this backfill; somebody else must waive`);
  const { figure, limit } = failing;
  const excess = monitor === undefined ? {} : { excess: monitor.excess };
  const waiver = { by, check, batch: state.hold?.batch ?? null, figure, limit, reason, at: nowIso, ...excess };
  return accepted({ type: 'requested', request: { kind: 'waive', by, waiver } });
}

/** Of the monitors that keep a release from being signed off, the one that is named; else the first, to be named instead. */
function watchedCheck(state: BackfillState, check: string): Check | null {
  const checks = waivableMonitors(state).map(monitorCheck);
  return checks.find(({ name }) => name === check) ?? checks[0] ?? null;
}

function signOff(state: BackfillState, by: string | null): MessageDecision {
  const parties = state.plan?.signOff ?? [];
  if (by === null) return refused(`signOff: say for which party in "by" (${parties.join(', ')})`);
  const party = parties.find((listed) => samePerson(listed, by));
  if (party === undefined) return refused(`signOff: ${by} is not a party of this dataset (${parties.join(', ')})`);
  return accepted({ type: 'requested', request: { kind: 'signOff', by: party } });
}

function text(payload: Incoming, key: string): string | null {
  const value = payload[key];
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
}
