import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  continueAsNew,
  workflowInfo,
} from '@temporalio/workflow';
import type { BackfillState, Hold } from '../src/domain/backfill-state.ts';
import { openState } from '../src/domain/backfill-state.ts';
import { HISTORY_BUDGET, isHistoryBudget } from '../src/domain/history-budget.ts';
import type { BackfillStatus, FinalStatus } from '../src/domain/status.ts';
import { canMove, isFinal } from '../src/domain/status.ts';
import type { FailureType } from '../src/protocol/failures.ts';
import { backfillIdOf } from '../src/protocol/identity.ts';
import type { BackfillInput, BackfillOutcome, ContinuedInput } from '../src/protocol/launch.ts';
import { announce } from './announce.ts';
import { awaitApproval } from './await-approval.ts';
import { awaitSignOff } from './await-sign-off.ts';
import { build } from './build.ts';
import { consolidate } from './consolidate.ts';
import { abort, close } from './give-up.ts';
import { awaitDecision } from './hold.ts';
import { listen } from './listen.ts';
import { observe } from './observe.ts';
import { planWith } from './plan.ts';
import { preserve } from './preserve.ts';
import { prove } from './prove.ts';
import { publish } from './publish.ts';
import { reconcile } from './reconcile.ts';
import { awaitRepublication, rollBack } from './roll-back.ts';
import type { Phase, PhaseEnd } from './run.ts';
import { Run, activityReason } from './run.ts';
import { diskFull, throughGate } from './through-gate.ts';

/** Holds that a person ends in a way of their own. */
const KINDS = { SchemaDrift: { drifted: true }, InputChanged: { inputsChanged: true } } as const satisfies Partial<
  Record<FailureType, Partial<Hold>>
>;

/** The protocol, in the order in which a backfill lives through it. One file a phase. */
const phasesOf = (
  launch: BackfillInput | undefined,
): Readonly<Record<Exclude<BackfillStatus, FinalStatus>, Phase>> => ({
  planning: planWith(launch),
  proving: prove,
  preserving: preserve,
  building: build,
  reconciling: reconcile,
  awaitingApproval: awaitApproval,
  publishing: publish,
  observing: observe,
  awaitingSignOff: awaitSignOff,
  consolidating: consolidate,
  rollingBack: rollBack,
  rolledBack: awaitRepublication,
  held: awaitDecision,
  aborting: abort,
  closing: close,
});

/** One historical correction, from plan to sign-off. Every wait is durable and says why; every exit leaves consumers with one consistent history. */
export async function controlledBackfill(input?: BackfillInput | ContinuedInput): Promise<BackfillOutcome> {
  const run = new Run(isContinued(input) ? input.continued : freshState(input));
  const launch = isContinued(input) ? input.launch : input;
  const phases = phasesOf(launch);
  listen(run);
  // Temporal's Cancel is a request like any other: it never interrupts a step half-way.
  await CancellationScope.nonCancellable(async () => {
    // Both go on until the run ends, and fail with it.
    void run.keepRemembering();
    void run.keepTelling();
    const announcing = announce(run);
    if (!isContinued(input)) await run.recordStatus();
    while (!isFinal(run.state.status)) {
      const end = await through(run, phases[run.state.status]);
      if (end.type === 'continueAsNew') {
        await announcing.stop();
        const continued = await run.handOver();
        await continueAsNew<typeof controlledBackfill>({ continued, ...needed(continued, launch) });
      } else {
        run.apply(end);
        await run.recordStatus();
      }
    }
    await announcing.finish();
    await run.settled();
  });
  return outcome(run.state);
}

/**
 * A step whose retries are over holds the run with its reason; it fails only while nothing was written. One that met a full
 * disk closes the gate, whatever it writes: when there is room the phase goes on, as it does after a hold.
 */
async function through(run: Run, phase: Phase): Promise<PhaseEnd> {
  try {
    return await phase(run);
  } catch (error) {
    const full = diskFull(error);
    if (full !== null) {
      await throughGate(run, full);
      return run.isLong() ? { type: 'continueAsNew' } : through(run, phase);
    }
    const reason = activityReason(error);
    if (run.state.status === 'held' || !canMove(run.state.status, 'held')) throw error;
    return { type: 'held', hold: { reason, check: null, batch: null, ...kindOfHold(error) } };
  }
}

function kindOfHold(error: unknown): Pick<Hold, 'drifted' | 'inputsChanged'> {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  const type = cause instanceof ApplicationFailure ? cause.type : undefined;
  return type === 'SchemaDrift' || type === 'InputChanged' ? KINDS[type] : {};
}

function isContinued(input: unknown): input is ContinuedInput {
  // Only a predecessor hands a state over: what a person sends is read as a spec, and refused.
  const hasPredecessor = workflowInfo().continuedFromExecutionRunId !== undefined;
  return hasPredecessor && typeof input === 'object' && input !== null && 'continued' in input;
}

/** The plan is frozen in the ledger: from there on nobody asks what the run was started with. */
function needed({ plan }: BackfillState, launch: BackfillInput | undefined): Pick<ContinuedInput, 'launch'> {
  return plan === null && launch !== undefined ? { launch } : {};
}

function freshState(input: BackfillInput | undefined): BackfillState {
  const { workflowId } = workflowInfo();
  const envelope = typeof input === 'object' ? (input as Readonly<Record<string, unknown>>) : {};
  const requestedBy = typeof envelope['requestedBy'] === 'string' ? envelope['requestedBy'] : 'the owner of the spec';
  const budget = envelope['historyBudget'];
  const state = openState(backfillIdOf(workflowId), workflowId, requestedBy, new Date().toISOString());
  return { ...state, historyBudget: isHistoryBudget(budget) ? budget : HISTORY_BUDGET };
}

function outcome({ backfillId, status, release, endedBecause }: BackfillState): BackfillOutcome {
  const because = endedBecause ?? '';
  if (status === 'failed') throw ApplicationFailure.nonRetryable(because, 'PlanRefused');
  return { backfillId, status: status as BackfillOutcome['status'], releaseId: release?.releaseId ?? null, because };
}
