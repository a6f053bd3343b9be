import { setTimeout as delay } from 'node:timers/promises';
import { CancelledFailure } from '@temporalio/activity';
import pg from 'pg';
import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import { describeNotice } from '../src/domain/announcement-text.ts';
import { describeLiveWrites } from '../src/domain/live-writes.ts';
import { describeCheck } from '../src/domain/verdict.ts';
import { voidApprovals } from '../src/ledger/approvals.ts';
import { insertAnnouncement } from '../src/ledger/events.ts';
import { recordNotices } from '../src/ledger/downstream-notices.ts';
import { activeRelease, publishRelease, rollbackStatement } from '../src/ledger/releases.ts';
import type { PublishOutcome, WarehouseActivities } from '../src/protocol/activities.ts';
import { blockers, oldestBeforeFence } from '../src/warehouse/postgres/statements/blockers.ts';
import { shapeView, viewFingerprint } from '../src/warehouse/postgres/statements/elevated.ts';
import { keysMayRepeat } from '../src/warehouse/postgres/statements/keys-elsewhere.ts';
import { grantOverlay, vacuumOverlay } from '../src/warehouse/postgres/statements/prepare-overlay.ts';
import { retryLock } from '../src/warehouse/retry-lock.ts';
import type { Session } from '../src/warehouse/session.ts';
import { isCancelled } from '../src/warehouse/sqlstate.ts';
import { timedOutAfterMs } from '../src/warehouse/statement-timeout.ts';
import { failure } from './activity-failure.ts';
import type { Attempt } from './attempt.ts';
import { withAttempt } from './attempt.ts';
import { WHOLE_RUN } from './conclude-evidence.ts';
import type { ActivityDeps } from './deps.ts';
import { loadPlan, withLedger } from './deps.ts';
import { drain } from './drain.ts';
import { envelopeLeft } from './envelope-left.ts';
import { createGate } from './gate.ts';
import { announceRollback } from './announce-rollback.ts';
import { publishedBefore } from './published-before.ts';
import { recapture } from './recapture.ts';
import { recordTotals } from './record-totals.ts';
import { recheckSources } from './recheck-sources.ts';
import { refuseChangedInputs } from './reference-inputs.ts';
import { refuseDrift } from './refuse-drift.ts';
import { KEYS_ELSEWHERE, judgeRun } from './run-evidence.ts';
import { refuseMoreFence, tooLongUnderFence, underFence } from './under-fence.ts';
import { whyUnapproved } from './verify-approval.ts';
import type { Working } from './working.ts';
import { whileWorking } from './working.ts';

/** The switch is tried this often, with jitter, before the run holds and shows who was in the way. */
const TRIES = 60;
/** Behind a transaction older than this, an attempt would only make writers wait. */
const OLD_MS = 1_000;
/** Refusals that end by themselves: a lock not granted in its time, not caught up, a deadlock. */
const PASSING = ['55P03', '55006', '40P01'];

/** Sources looked at again, grants, armed view, catch-up, switch. Each step finds its own effect when it is repeated. */
export function makePublishRelease(deps: ActivityDeps): WarehouseActivities['publishRelease'] {
  return ({ backfillId, windowMs, limits, lookOnly }) =>
    whileWorking(async (working) => {
      const { plan } = await withLedger(deps, (session) => loadPlan(session, backfillId));
      return withAttempt(deps, plan, WHOLE_RUN, working, async (attempt): Promise<PublishOutcome> => {
        const before = await publishedBefore(attempt.session, plan);
        if (before !== null) return announced(attempt, plan, before);
        if (lookOnly === true) return { kind: 'notPublished' };
        await refuseDrift(attempt.session, plan);
        const unapproved = await whyUnapproved(attempt.session, plan);
        if (unapproved !== null) return approvalVoid(attempt, plan, unapproved);
        const closed = await recheckSources({
          plan,
          attempt,
          gate: createGate(deps, plan, limits),
          working,
          slots: limits.maxConcurrency,
        });
        if (closed !== null) return closed;
        await refuseChangedInputs(attempt.session, plan, 'the switch');
        working.at({ doing: 'vacuum and grants' });
        await attempt.session.change(vacuumOverlay(plan));
        await attempt.session.change(grantOverlay(plan));
        working.at({ doing: 'arm the view' });
        await retryLock(() => attempt.session.rows(shapeView(plan, 'armed')));
        return switchReaders(plan, attempt, working, { windowMs, slots: limits.maxConcurrency });
      });
    });
}

async function switchReaders(
  plan: BackfillPlan,
  attempt: Attempt,
  working: Working,
  { windowMs, slots }: { readonly windowMs: number; readonly slots: number },
): Promise<PublishOutcome> {
  const { session, fence } = attempt;
  const { fingerprint } = await session.one<{ fingerprint: string }>(viewFingerprint(plan));
  const expected = (
    await session.one<{ releaseId: string | null; backfillId: string | null }>(activeRelease(plan.dataset))
  ).releaseId;
  const repeated = await keyRepeated(session, plan);
  if (repeated !== null) return approvalVoid(attempt, plan, repeated);
  let last = 'nothing was tried';
  let stoodStillMs = 0;
  let behind = '';
  for (let attemptNumber = 1; attemptNumber <= TRIES; attemptNumber += 1) {
    if (working.asked()) throw new CancelledFailure('stopped before readers were switched');
    working.at({ doing: 'switch', attempt: attemptNumber, last });
    await recapture(plan, session);
    const drained = await drain(plan, attempt, working, { slots, amend: true });
    if (drained.kind !== 'drained') return drained;
    behind = describeLiveWrites(drained.seen);
    const left = await envelopeLeft(session, plan);
    if (left !== null) return approvalVoid(attempt, plan, left);
    const { ageMs } = await session.one<{ ageMs: number }>(oldestBeforeFence(plan));
    if (ageMs > OLD_MS) last = `a transaction that writes or locks ${plan.dataset} is ${Math.round(ageMs)} ms old`;
    else {
      const began = performance.now();
      try {
        const { release } = await underFence(session, plan, () =>
          session.one<{ release: { releaseId: string; publishedAt: string; deadline: string } }>(
            publishRelease({ plan, fence, expected, windowMs, armedView: fingerprint }),
          ),
        );
        await recordTotals(session, plan);
        const rollback = rollbackStatement(plan, release.releaseId);
        return announced(attempt, plan, {
          kind: 'published',
          release: { ...iso(release), rollbackStatement: rollback },
        });
      } catch (error) {
        if (!(error instanceof pg.DatabaseError)) throw error;
        if (error.hint === 'approval void') return approvalVoid(attempt, plan, error.message);
        const tooLong = tooLongUnderFence(plan, error);
        if (tooLong !== null) throw tooLong;
        const before = error.hint === 'rolled back' ? await publishedBefore(session, plan) : null;
        if (before !== null) return announced(attempt, plan, before);
        if (isCancelled(error) && working.asked()) throw new CancelledFailure('stopped while readers were switched');
        // A statement that did not run out of its time was cancelled by somebody, who does not want it tried again.
        if (!PASSING.includes(error.code ?? '') && timedOutAfterMs(error) === null) throw error;
        last = error.message;
        // Who waits for the fence in vain stops writers for a tenth of a second; who had it, for as long as it took.
        const tookMs = error.code === '55P03' ? 0 : performance.now() - began;
        stoodStillMs += tookMs;
        refuseMoreFence(plan, { tries: attemptNumber, stoodStillMs }, `${last} (live writes: ${behind})`);
        // Live writes came in between. Writers get as much time as they lost, and no more: in a longer pause more of them would come.
        if (error.code === '55006') {
          await delay(tookMs);
          continue;
        }
      }
    }
    working.at({ doing: 'wait for the next try of the switch', attempt: attemptNumber, last });
    await delay(Math.random() * Math.min(2_000, 50 * 2 ** Math.min(attemptNumber, 6)));
  }
  const inTheWay = await session.rows<{ who: string }>(blockers(plan));
  throw failure(
    'StatementRefused',
    `the switch of ${plan.dataset} did not succeed in ${TRIES} attempts: ${last} (live writes: ${behind}). In the way: ${inTheWay.map((one) => one.who).join('; ') || 'nobody now'}. Nobody was killed; retry when they are done`,
  );
}

/** A row that was written outside the interval since the evidence leaves no mark, and may have a key of the overlay. */
async function keyRepeated(session: Session, plan: BackfillPlan): Promise<string | null> {
  if (!keysMayRepeat(plan)) return null;
  const { checks } = await judgeRun(session, plan);
  const failed = checks.find(({ name, verdict }) => name === KEYS_ELSEWHERE && verdict === 'fail');
  return failed === undefined ? null : `before the switch the run fails ${describeCheck(failed)}`;
}

async function approvalVoid({ session }: Attempt, plan: BackfillPlan, reason: string): Promise<PublishOutcome> {
  await session.change(voidApprovals(plan.backfillId, reason));
  return { kind: 'approvalVoid', reason };
}

/** Whoever announces it first, it is announced once. */
async function announced(
  { session }: Attempt,
  plan: BackfillPlan,
  outcome: Extract<PublishOutcome, { kind: 'published' | 'rolledBackByHand' }>,
): Promise<PublishOutcome> {
  const { releaseId } = outcome.release;
  const about = { dataset: plan.dataset, release: releaseId };
  const notices = await recordNotices(session, plan, releaseId, 'published');
  await session.change(
    insertAnnouncement(plan.backfillId, 'published', releaseId, { ...about, change: plan.spec.reason.change }),
  );
  if (outcome.kind === 'rolledBackByHand') await announceRollback(session, plan, releaseId, outcome.by, 'by hand');
  if (notices.length === 0) return outcome;
  return { ...outcome, release: { ...outcome.release, downstream: notices.map(describeNotice) } };
}

function iso(release: { releaseId: string; publishedAt: string; deadline: string }): {
  releaseId: string;
  publishedAt: string;
  deadline: string;
} {
  return {
    releaseId: release.releaseId,
    publishedAt: new Date(release.publishedAt).toISOString(),
    deadline: new Date(release.deadline).toISOString(),
  };
}
