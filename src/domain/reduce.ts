import type { BackfillEvent, Work } from './backfill-event.ts';
import type { Approval, BackfillState, Refusal, Request } from './backfill-state.ts';
import { assertNever } from './assert-never.ts';
import { giveBack, giveBackSplit, startQueue } from './batch-queue.ts';
import type { MonitorStatus } from './monitor.ts';
import { withInputsAccepted } from './inputs-accepted.ts';
import { standing, withFinished, withStarted } from './pipeline-signals.ts';
import { ownApproval } from './required-approvals.ts';
import type { Telling } from './received-message.ts';
import { shortened } from './received-message.ts';
import type { BackfillStatus } from './status.ts';
import { TRANSITIONS, canMove } from './status.ts';

const REFUSALS_KEPT = 10;
/** For a ledger that is away. More would make the state too large to be handed over; the oldest are let go. */
const UNTOLD_KEPT = 500;

/** The only place where a backfill changes. A move that the transition table does not list is a bug and throws. */
export function reduce(state: BackfillState, event: BackfillEvent, nowIso: string): BackfillState {
  switch (event.type) {
    case 'planned':
      return planned(state, event, nowIso);
    case 'takenUp':
      return takenUp(state, event);
    case 'moved':
      return move(state, event.to, nowIso, event.because);
    case 'held':
      return {
        ...move(state, 'held', nowIso),
        hold: { ...event.hold, from: event.from ?? state.status, since: nowIso },
      };
    case 'drifted':
      return { ...state, drift: event.reason };
    case 'proposed':
      return { ...state, proposal: { planHash: event.planHash, lines: event.lines, at: nowIso } };
    case 'replanned':
      return replanned(state, event);
    case 'inputsAccepted':
      return withInputsAccepted(state, event.counts);
    case 'checked':
      return { ...state, checks: event.checks };
    case 'claimed':
      return { ...state, queue: event.queue };
    case 'worked':
      return worked(state, event.work);
    case 'liveWritesSeen':
      return { ...state, liveWrites: event.liveWrites };
    case 'monitorsSeen':
      return { ...state, monitors: event.monitors, monitorsFlutter: event.flutters };
    case 'announced':
      return { ...state, undelivered: event.undelivered };
    case 'monitorsUnknown':
      return { ...state, monitors: unknownMonitors(state, event.reason, nowIso) };
    case 'waiting':
      return { ...state, waiting: event.waiting };
    case 'paused':
      return { ...state, paused: { by: event.by, reason: event.reason, since: nowIso } };
    case 'resumed':
      return { ...state, paused: null };
    case 'pipelineStarted':
      return { ...state, pipelineSignals: withStarted(signalsNow(state, nowIso), event.name, nowIso) };
    case 'pipelineFinished':
      return { ...state, pipelineSignals: withFinished(state.pipelineSignals, event.name) };
    case 'pipelinesExpired':
      return { ...state, pipelineSignals: signalsNow(state, nowIso) };
    case 'limited':
      return { ...state, limits: { ...state.limits, ...event.limits } };
    case 'requested':
      return { ...state, requests: [...state.requests, event.request] };
    case 'requestDone':
      return { ...state, requests: state.requests.filter((request) => request !== event.request) };
    case 'received':
      return received(state, event.telling, nowIso);
    case 'told':
      return { ...state, untold: state.untold.filter(({ number }) => number > event.upTo) };
    case 'continued':
      return { ...state, begunAnew: event.advanced ? 0 : state.begunAnew + 1 };
    case 'refused':
      return {
        ...state,
        refusals: [...state.refusals, { message: event.message, reason: event.reason, at: nowIso }].slice(
          -REFUSALS_KEPT,
        ),
      };
    default:
      return decide(state, event, nowIso);
  }
}

function unknownMonitors({ monitors = [] }: BackfillState, reason: string, at: string): readonly MonitorStatus[] {
  const nothingYet = { name: 'all', owner: '', limit: 'to be measured', next: at, onBreach: 'alert' as const };
  return (monitors.length === 0 ? [nothingYet] : monitors).map((monitor) => {
    return { ...monitor, verdict: 'inconclusive', figure: reason, excess: null, at };
  });
}

function takenUp(state: BackfillState, event: Extract<BackfillEvent, { type: 'takenUp' }>): BackfillState {
  const { signOffs, consolidated, evidence, approvals, waivers, inForce } = event;
  return {
    ...state,
    limits: { ...state.limits, ...inForce.limits },
    paused: inForce.paused,
    checks: evidence?.checks ?? state.checks,
    signOffs,
    consolidated,
    evidence,
    ...approvedBy(state, approvals),
    waivers,
  };
}

const UNAPPROVED = { approval: null, approvals: [] } as const;

function approvedBy(
  { plan }: BackfillState,
  approvals: readonly Approval[],
): Pick<BackfillState, 'approval' | 'approvals'> {
  return { approvals, approval: plan === null ? null : ownApproval(plan, approvals) };
}

type Decision = Extract<
  BackfillEvent,
  {
    type:
      | 'concluded'
      | 'approved'
      | 'approvalVoid'
      | 'waived'
      | 'published'
      | 'reshaped'
      | 'rolledBack'
      | 'signedOff'
      | 'consolidatedUpTo'
      | 'consolidated';
  }
>;

function decide(state: BackfillState, event: Decision, nowIso: string): BackfillState {
  switch (event.type) {
    case 'concluded':
      return {
        ...state,
        evidence: event.evidence,
        checks: [...state.checks.filter(({ level }) => level === 'proof'), ...event.evidence.checks],
        ...UNAPPROVED,
      };
    case 'approved':
      return { ...state, ...approvedBy(state, [...(state.approvals ?? []), event.approval]) };
    case 'approvalVoid':
      return { ...state, ...UNAPPROVED };
    case 'waived':
      return { ...state, waivers: [...state.waivers, event.waiver] };
    case 'published':
      return {
        ...state,
        release: event.release,
        releases: state.releases + 1,
        shape: 'armed',
        rollbackDeadline: event.deadline,
        rollbackStatement: event.statement,
        signOffs: [],
        monitors: [],
      };
    case 'reshaped':
      return { ...state, shape: event.shape, rollbackStatement: event.statement };
    case 'rolledBack':
      return {
        ...state,
        release: state.release && { ...state.release, state: 'rolled_back' },
        rollbackDeadline: null,
        rollbackStatement: null,
        ...UNAPPROVED,
      };
    case 'signedOff':
      return { ...state, signOffs: [...state.signOffs, { party: event.party, at: nowIso }] };
    case 'consolidatedUpTo':
      return { ...state, consolidated: event.partition };
    case 'consolidated':
      return {
        ...state,
        release: state.release && { ...state.release, state: 'consolidated' },
        shape: 'plain',
        rollbackDeadline: null,
        rollbackStatement: null,
        retainUntil: event.retainUntil,
      };
    default:
      return assertNever(event);
  }
}

function signalsNow({ pipelineSignals, plan }: BackfillState, nowIso: string): BackfillState['pipelineSignals'] {
  return standing(pipelineSignals, plan?.startedSignalExpiresMs, nowIso);
}

function planned(
  state: BackfillState,
  { plan, requestedBy, counts }: Extract<BackfillEvent, { type: 'planned' }>,
  nowIso: string,
): BackfillState {
  return {
    ...state,
    plan,
    requestedBy,
    limits: {
      maxConcurrency: plan.maxConcurrency,
      dailyBytesBudget: plan.dailyBytesBudget,
      ...(plan.dailyCostBudget == null ? {} : { dailyCostBudget: plan.dailyCostBudget }),
    },
    queue: startQueue(plan.batches),
    progress: { ...state.progress, ...counts, startedAt: nowIso },
  };
}

/** What was approved of the older plan is void, unless readers see it already. */
function replanned(
  state: BackfillState,
  { plan, counts, rebuild }: Extract<BackfillEvent, { type: 'replanned' }>,
): BackfillState {
  const isPublished = state.release?.state === 'published';
  return {
    ...state,
    plan,
    drift: null,
    proposal: null,
    ...(isPublished ? {} : UNAPPROVED),
    queue: rebuild ? startQueue(plan.batches) : state.queue,
    progress: { ...state.progress, ...counts },
  };
}

function received(state: BackfillState, telling: Telling, at: string): BackfillState {
  const number = state.received + 1;
  const untold = [...state.untold, { ...shortened(telling), at, number }].slice(-UNTOLD_KEPT);
  return { ...state, received: number, untold };
}

function worked(state: BackfillState, work: Work): BackfillState {
  const { progress } = state;
  return {
    ...state,
    queue: queueAfter(state.queue, work),
    progress: {
      ...progress,
      ...work.counts,
      measuredBatches: progress.measuredBatches + work.batches,
      busyMs: progress.busyMs + work.busyMs,
    },
  };
}

function queueAfter(queue: BackfillState['queue'], { rest, split }: Work): BackfillState['queue'] {
  if (rest === null) return queue;
  return split === true ? giveBackSplit(queue, rest) : giveBack(queue, rest);
}

function move(state: BackfillState, to: BackfillStatus, nowIso: string, because?: string): BackfillState {
  if (!canMove(state.status, to)) throw new Error(`a backfill cannot go from ${state.status} to ${to}`);
  return {
    ...withoutOvertaken(state, to, nowIso),
    status: to,
    since: nowIso,
    waiting: null,
    hold: null,
    proposal: null,
    begunAnew: 0,
    endedBecause: because ?? TRANSITIONS[state.status][to] ?? null,
    // From here on rows move: what undid the release would show readers a mixture, and the ledger refuses it.
    ...(to === 'consolidating' ? { rollbackDeadline: null, rollbackStatement: null } : {}),
  };
}

/** Where a request can still be acted on. Elsewhere it is overtaken: it must not come to life again in a later status. */
const HEARD_IN: Readonly<Record<Request['kind'], readonly BackfillStatus[]>> = {
  approve: ['awaitingApproval'],
  reject: ['awaitingApproval'],
  waive: ['held', 'observing', 'awaitingSignOff'],
  retry: ['held'],
  replan: ['held', 'observing', 'awaitingSignOff'],
  signOff: ['awaitingSignOff', 'held'],
  reshape: ['observing', 'awaitingSignOff', 'held'],
  rollback: ['observing', 'awaitingSignOff', 'held', 'rollingBack'],
  republish: ['rolledBack', 'held'],
  close: ['rolledBack', 'held'],
  abort: ['planning', 'proving', 'preserving', 'building', 'reconciling', 'awaitingApproval', 'publishing', 'held'],
};

function withoutOvertaken(state: BackfillState, to: BackfillStatus, nowIso: string): BackfillState {
  const overtaken = state.requests.filter(({ kind }) => !HEARD_IN[kind].includes(to));
  const told = overtaken.map(({ kind, by }): Refusal => {
    const reason = `${kind}: asked for by ${by} and overtaken, because the backfill went from ${state.status} to ${to}`;
    return { message: kind, reason, at: nowIso };
  });
  const left: BackfillState = {
    ...state,
    requests: state.requests.filter((request) => !overtaken.includes(request)),
    refusals: [...state.refusals, ...told].slice(-REFUSALS_KEPT),
  };
  return told.reduce((now, { message, reason }) => received(now, { message, reason }, nowIso), left);
}
