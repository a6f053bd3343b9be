import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import { voidApprovals } from '../src/ledger/approvals.ts';
import type { LedgerCounts } from '../src/domain/backfill-state.ts';
import { countProgress } from '../src/ledger/counts.ts';
import { measureLiveWrites } from '../src/ledger/measure-live-writes.ts';
import { sealEvents } from '../src/ledger/events.ts';
import type { LeftToFollow } from '../src/ledger/left-to-follow.ts';
import { leftToFollow } from '../src/ledger/left-to-follow.ts';
import { activeRelease, latestRelease } from '../src/ledger/releases.ts';
import type { WarehouseActivities, WatchGate, WatchOutcome } from '../src/protocol/activities.ts';
import { captureIsBroken, readersMoved } from '../src/warehouse/postgres/statements/elevated.ts';
import { grantOverlay } from '../src/warehouse/postgres/statements/prepare-overlay.ts';
import { retryLock } from '../src/warehouse/retry-lock.ts';
import type { Session } from '../src/warehouse/session.ts';
import { withSession } from '../src/warehouse/session.ts';
import { announceRollback } from './announce-rollback.ts';
import { failure, stillWaiting } from './activity-failure.ts';
import type { Attempt } from './attempt.ts';
import { withAttempt } from './attempt.ts';
import { catchUp } from './catch-up.ts';
import { WHOLE_RUN } from './conclude-evidence.ts';
import type { ActivityDeps } from './deps.ts';
import { loadPlan, withLedger } from './deps.ts';
import { divergence } from './drain.ts';
import { envelopeLeft } from './envelope-left.ts';
import { refuseDrift } from './refuse-drift.ts';
import { followLag } from './follow-lag.ts';
import type { Gate } from './gate.ts';
import { createGate } from './gate.ts';
import { gateStop } from './gate-watch.ts';
import { limitsInForce } from './limits-in-force.ts';
import { noticeLiveWrites } from './notice-live-writes.ts';
import type { Working } from './working.ts';
import { whileWorking } from './working.ts';

/** How soon a late write is rebuilt while nobody works, and a rollback made by hand is noticed. */
const LOOK_EVERY_MS = 5_000;

/** One look at ledger and marks. Nothing new: it fails retryably, and the server calls again. */
export function makeWatchLiveWrites(deps: ActivityDeps): WarehouseActivities['watchLiveWrites'] {
  return ({ backfillId, published, pointerOnly, drift, limits: told, gate: known }) =>
    whileWorking(async (working): Promise<WatchOutcome> => {
      const { plan } = await withLedger(deps, (session) => loadPlan(session, backfillId));
      if (pointerOnly !== true) await notice(deps, plan);
      const seen = await withLedger(deps, (session) => look(session, plan, published));
      if (seen.byHand !== null) return { kind: 'rolledBackByHand', ...seen.byHand };
      if (pointerOnly !== true) {
        const reason = await withLedger(deps, (session) => refuseDrift(session, plan));
        if (published && reason !== (drift ?? null)) return { kind: 'drifted', reason };
        if (published && plan.securityInvoker) await withLedger(deps, (session) => followReaders(session, plan));
      }
      if (published) {
        const lag = await withLedger(deps, (session) => followLag(session, plan));
        if (lag.turned) return { kind: 'lag', liveWrites: lag.seen };
      }
      if (seen.left && pointerOnly !== true) {
        const limits = limitsInForce(plan, told);
        const gate = known === undefined ? null : await openGate(createGate(deps, plan, limits), known);
        const how = { slots: limits.maxConcurrency, published, gate };
        return withAttempt(deps, plan, WHOLE_RUN, working, (attempt) => follow(plan, attempt, working, how));
      }
      throw stillWaiting('no live write, no change of the release', LOOK_EVERY_MS);
    });
}

/** Comparing reads partitions of any size: the time that a build may take, and not that of the ledger's short statements. */
async function notice(deps: ActivityDeps, plan: BackfillPlan): Promise<void> {
  const settings = {
    applicationName: `backfill/${plan.backfillId}/compare`,
    statementTimeoutMs: plan.spec.execution.queryTimeoutMs,
    lockTimeoutMs: 2_000,
  };
  await withSession(deps.pool, settings, (session) => noticeLiveWrites(plan, session, 'some'));
}

/** Whoever was granted view and base since gets the overlay too, and whoever lost them loses it. */
async function followReaders(session: Session, plan: BackfillPlan): Promise<void> {
  const { moved } = await session.one<{ moved: boolean }>(readersMoved(plan));
  if (moved) await retryLock(() => session.change(grantOverlay(plan)));
}

/** Throws while it is closed: the marks stay, and whoever waits is told why. */
async function openGate(gate: Gate, { signalled }: WatchGate): Promise<Gate> {
  const reason = signalled ?? gateStop(await gate.ask())?.reason;
  if (reason !== undefined) throw failure('GateClosed', reason, { nextRetryMs: LOOK_EVERY_MS });
  return gate;
}

async function follow(
  plan: BackfillPlan,
  attempt: Attempt,
  working: Working,
  { slots, published, gate }: { readonly slots: number; readonly published: boolean; readonly gate: Gate | null },
): Promise<WatchOutcome> {
  const { session } = attempt;
  const closed = async (): Promise<boolean> => gate !== null && !(await gate.ask()).open;
  const { failed } = await catchUp(plan, attempt, working, { slots, amend: true, published, closed });
  if (failed !== null) return { kind: 'failed', ...failed };
  const liveWrites = published ? (await followLag(session, plan)).seen : await measureLiveWrites(session, plan);
  const reason = published ? null : await envelopeLeft(session, plan);
  if (reason !== null) {
    await session.change(voidApprovals(plan.backfillId, reason));
    return { kind: 'approvalVoid', reason };
  }
  const diverges = published ? null : divergence(plan, liveWrites);
  if (diverges !== null) return diverges;
  return { kind: 'rebuilt', counts: await session.one<LedgerCounts>(countProgress(plan.backfillId)), liveWrites };
}

async function look(
  session: Session,
  plan: BackfillPlan,
  published: boolean,
): Promise<{ left: boolean; byHand: ByHand | null }> {
  await session.rows(sealEvents());
  // A batch whose check was cut off is looked at again, and one that failed keeps failing until it passes.
  const { marks, batches, owed } = await session.one<LeftToFollow>(leftToFollow(plan.backfillId));
  const { broken } = await session.one<{ broken: boolean }>(captureIsBroken(plan));
  const left = marks + batches > 0 || owed || broken;
  if (!published) return { left, byHand: null };
  // A release that went into the base left the pointer in the orderly way.
  const [release] = await session.rows<{ releaseId: string; state: string }>(latestRelease(plan.backfillId));
  const byHand = release?.state === 'consolidated' ? null : await rolledBackByHand(session, plan);
  if (byHand !== null && release !== undefined)
    await announceRollback(session, plan, release.releaseId, byHand.by, 'by hand');
  return { left, byHand };
}

interface ByHand {
  readonly at: string;
  readonly by: string;
}

/** The pointer is no longer ours although we published: somebody ran the rollback statement. */
export async function rolledBackByHand(session: Session, plan: BackfillPlan): Promise<ByHand | null> {
  const active = await session.one<{ backfillId: string | null }>(activeRelease(plan.dataset));
  if (active.backfillId === plan.backfillId) return null;
  const [release] = await session.rows<{ rolledBackAt: Date | null; rolledBackBy: string | null }>(
    latestRelease(plan.backfillId),
  );
  return { at: (release?.rolledBackAt ?? new Date()).toISOString(), by: release?.rolledBackBy ?? 'unknown' };
}
