import type { BatchRange } from '../src/domain/batch-queue.ts';
import type { LedgerCounts } from '../src/domain/backfill-state.ts';
import type { Check } from '../src/domain/verdict.ts';
import { countProgress } from '../src/ledger/counts.ts';
import { markPartition } from '../src/ledger/dirty-marks.ts';
import type { ClaimResult, FinishedBatch, WarehouseActivities } from '../src/protocol/activities.ts';
import { withAttempt } from './attempt.ts';
import type { Surroundings } from './build-batch.ts';
import { buildBatch } from './build-batch.ts';
import type { ActivityDeps } from './deps.ts';
import { loadPlan, withLedger } from './deps.ts';
import { closedByFullDisk } from './disk-full.ts';
import { createGate } from './gate.ts';
import { holdBatch } from './hold-batch.ts';
import { watchMovedSources } from './moved-sources.ts';
import { dirtyOfBatch } from './notice-live-writes.ts';
import { reconcileBatch } from './reconcile-batch.ts';
import { refuseChangedInputs } from './reference-inputs.ts';
import { refuseDrift } from './refuse-drift.ts';
import { whileWorking } from './working.ts';

/** A failing check on a batch that live writes touched meanwhile, or whose sources moved, is rebuilt and checked again this often. */
const RECHECKS = 3;
/** Looking at the catalogue takes 2 ms, a hundredth of a small batch. What drifts in between fails the next statement, or the next look. */
const DRIFT_EVERY_MS = 1_000;

/** Works through consecutive batches; returns where it stopped and why. Finished batches are never done again. */
export function makeRebuildClaim(deps: ActivityDeps): WarehouseActivities['rebuildClaim'] {
  return ({ backfillId, claim, lane, limits }) =>
    whileWorking(async (working) => {
      const { plan } = await withLedger(deps, (session) => loadPlan(session, backfillId));
      const gate = createGate(deps, plan, limits);
      return withAttempt(deps, plan, lane, working, async (attempt) => {
        const walked = await walkClaim({ plan, attempt, gate, working, slots: limits.maxConcurrency }, claim);
        return { ...walked, counts: await attempt.session.one<LedgerCounts>(countProgress(backfillId)) };
      });
    });
}

async function walkClaim(at: Surroundings, claim: BatchRange): Promise<Omit<ClaimResult, 'counts'>> {
  const finished: FinishedBatch[] = [];
  let lookedAt = -Infinity;
  for (let number = claim.from; number <= claim.to; number += 1) {
    const rest = { from: number, to: claim.to };
    if (performance.now() - lookedAt >= DRIFT_EVERY_MS) {
      await refuseDrift(at.attempt.session, at.plan);
      lookedAt = performance.now();
    }
    const outcome = await closedByFullDisk<BatchOutcome>(workBatch(at, number), (stopped) => ({
      kind: 'stopped',
      stopped,
    }));
    if (outcome.kind === 'stopped') return { finished, rest, stopped: outcome.stopped };
    finished.push(outcome.finished);
    if (outcome.failed !== null)
      return { finished, rest, stopped: { kind: 'failed', batch: number, check: outcome.failed } };
  }
  return { finished, rest: null, stopped: null };
}

type BatchOutcome =
  | { readonly kind: 'stopped'; readonly stopped: NonNullable<ClaimResult['stopped']> }
  | { readonly kind: 'done'; readonly finished: FinishedBatch; readonly failed: Check | null };

async function workBatch(at: Surroundings, number: number): Promise<BatchOutcome> {
  const { plan, attempt, working } = at;
  const { session, fence } = attempt;
  const batch = await holdBatch(attempt, plan, number);
  await refuseChangedInputs(session, plan, `batch ${number}`);
  const sources = watchMovedSources(session, plan);
  const started = Date.now();
  for (let check = 0; ; check += 1) {
    const outcome = await buildBatch(at, batch);
    if (outcome.stopped !== null) return { kind: 'stopped', stopped: outcome.stopped };
    const done = (verdict: FinishedBatch['verdict'], failed: Check | null): BatchOutcome => ({
      kind: 'done',
      finished: { batch: number, verdict, busyMs: Date.now() - started },
      failed,
    });
    if (outcome.built === 0 && batch.state === 'passed') return done('pass', null);
    working.at({ batch: number, doing: 'reconcile' });
    const { verdict, failed, figures } = await reconcileBatch(session, plan, batch, fence);
    if (verdict !== 'fail') return done(verdict, null);
    for (const { start } of await sources.of(batch, figures))
      await session.change(markPartition(plan.backfillId, start));
    const dirty = await dirtyOfBatch(plan, session, number);
    if (dirty.length === 0 || check === RECHECKS) return done('fail', failed);
  }
}
