import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ApplicationFailure } from '@temporalio/common';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { runHistories } from '../workflow/run-histories.ts';
import { CHECK, SMALL_PLAN, countsOf, stoppedAt, untilCancelled } from '../workflow/script.ts';
import type { Play, Stage } from '../workflow/stage.ts';

export const HISTORIES = fileURLToPath(new URL('./histories/', import.meta.url));

/**
 * Records the histories that every later version of the workflow must replay:
 *
 *     RECORD_HISTORIES=1 npm test -- test/replay
 *
 * Needed when the workflow issues other commands than before. While runs of the older code may still be open, change it
 * behind `patched()` instead, and record beside the old files, not over them.
 */
export async function recordHistories(stage: Stage): Promise<void> {
  mkdirSync(HISTORIES, { recursive: true });
  for (const file of readdirSync(HISTORIES)) rmSync(join(HISTORIES, file));
  const plays = {
    'main-job': await mainJob(stage),
    'hold-waive-abort': await holdWaiveAbort(stage),
    'long-run': await longRun(stage),
    replan: await replanned(stage),
  };
  for (const [name, play] of Object.entries(plays)) {
    const runs = await runHistories(stage.client, play.workflowId);
    runs.forEach((history, index) => {
      const file = runs.length === 1 ? `${name}.json` : `${name}.${index + 1}.json`;
      writeFileSync(join(HISTORIES, file), `${JSON.stringify(JSON.parse(historyToJSON(history)), withoutPaths)}\n`);
    });
  }
}

/** Stack traces name folders of the machine that recorded them, and replay does not read them. */
function withoutPaths(key: string, value: unknown): unknown {
  return key === 'stackTrace' ? undefined : value;
}

/** Plan to sign-off, with a rollback and a second publication in between. */
async function mainJob(stage: Stage): Promise<Play> {
  const play = await stage.start((happy) => ({
    // The second window ends at once.
    publishRelease: (input) =>
      happy.publishRelease({ ...input, windowMs: play.count('publishRelease') === 1 ? input.windowMs : 1 }),
  }));
  await approve(play);
  await play.reach('observing');
  await play.signal('settle', { by: 'olaf' });
  await play.called('reshapeView');
  await play.update('rollback', { by: 'olaf', reason: 'the dashboard broke' });
  await play.reach('rolledBack');
  await play.update('republish', { by: 'olaf' });
  await approve(play);
  await play.reach('awaitingSignOff');
  for (const by of ['finance-data', 'business-intelligence', 'revenue-operations'])
    await play.signal('signOff', { by });
  await play.handle.result();
  return play;
}

/** A pause, a closed gate, a batch that fails, a retry, a waiver, a refused message, and the end of it. */
async function holdWaiveAbort(stage: Stage): Promise<Play> {
  let claims = 0;
  let waived = false;
  const play = await stage.start((happy) => ({
    rebuildClaim: async (input) => {
      claims += 1;
      if (claims === 1) {
        await untilCancelled().catch(() => undefined);
        return stoppedAt(input.claim, { kind: 'asked' }, countsOf(0));
      }
      if (claims === 2)
        return stoppedAt(input.claim, { kind: 'gate', reason: 'the live pipeline nightly runs' }, countsOf(0));
      if (!waived && input.claim.to >= 3)
        return stoppedAt(input.claim, { kind: 'failed', batch: 3, check: CHECK }, countsOf(2));
      return happy.rebuildClaim(input);
    },
    recordDecision: async ({ decision }) => {
      waived ||= decision.kind === 'waive';
      return { kind: 'recorded' };
    },
  }));
  await play.called('rebuildClaim');
  await play.signal('pause', { by: 'olaf', reason: 'month end' });
  await play.until('the pause', ({ waitingOn }) => waitingOn !== null);
  await play.signal('resume', { by: 'olaf' });
  await play.reach('held');
  await play.signal('retry', { by: 'olaf' });
  await play.until('the second hold', ({ status }) => status === 'held' && claims >= 5);
  await play.signal('aprove', { by: 'finance-controller' });
  await play.called('recordMessages');
  await play.update('waive', { by: 'finance-director', check: CHECK.name, reason: 'late merchants' });
  await play.reach('awaitingApproval');
  await play.handle.cancel();
  await play.handle.result();
  return play;
}

/** Several runs of one backfill: each but the last hands its state on. */
async function longRun(stage: Stage): Promise<Play> {
  const plan = { batches: 50, partitions: 100, maxConcurrency: 2 };
  const play = await stage.start(undefined, { historyBudget: 100, plan });
  await play.called('rebuildClaim');
  await play.signal('livePipelineStarted', { name: 'nightly' });
  await play.signal('livePipelineFinished', { name: 'nightly' });
  await play.update('setLimits', { by: 'olaf', max_concurrency: 3 });
  await play.reach('awaitingApproval');
  await play.signal('abort', { by: 'olaf', reason: 'recorded enough' });
  await play.handle.result();
  return play;
}

async function approve(play: Play): Promise<void> {
  const { evidenceDigest } = await play.reach('awaitingApproval');
  await play.update('approve', { by: 'finance-controller', digest: evidenceDigest });
}

/** Held because the base got a column; shown what carrying it means, carried with another logic, then given up. */
async function replanned(stage: Stage): Promise<Play> {
  const planHash = 'beadfacade12beadfacade12';
  let carried = false;
  const play = await stage.start(() => ({
    watchLiveWrites: () => {
      if (carried) return untilCancelled();
      throw ApplicationFailure.nonRetryable('column currency was added to finance.daily_revenue', 'SchemaDrift');
    },
    replan: async ({ backfillId, planHash: given }) => {
      if (given === null) return { kind: 'proposed', planHash, lines: ['the transform yields it'] };
      carried = true;
      return { kind: 'replanned', plan: { ...SMALL_PLAN, backfillId, planHash }, counts: countsOf(0), rebuild: true };
    },
  }));
  await play.reach('held');
  await play.update('replan', { by: 'olaf' });
  await play.until('the proposal', ({ proposal }) => proposal !== null);
  await play.update('replan', { by: 'olaf', planHash });
  await play.called('concludeEvidence', 2);
  await play.reach('awaitingApproval');
  await play.update('abort', { by: 'olaf', reason: 'done' });
  await play.handle.result();
  return play;
}
