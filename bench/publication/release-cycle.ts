import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { writeRunEvidence } from '../../activities/run-evidence.ts';
import { insertDecision } from '../../src/ledger/approvals.ts';
import { closeAttempt, openAttempt } from '../../src/ledger/attempts.ts';
import { publishRelease, rollbackStatement } from '../../src/ledger/releases.ts';
import { viewFingerprint } from '../../src/warehouse/postgres/statements/elevated.ts';
import type { Session } from '../../src/warehouse/session.ts';
import { SHORT, withSession } from '../../src/warehouse/session.ts';
import { sql } from '../../src/warehouse/sql.ts';
import { BACKFILL_ID } from './dataset.ts';
import type { World } from './world.ts';

/** Before and after each statement that is measured, so that what came before it is over. */
const CALM_MS = 30;
const WINDOW_MS = 3_600_000;
const LIMITS = { maxConcurrency: 1, dailyBytesBudget: null };
/** Each waits 100 ms for the fence at most. */
const TRIES = 50;

/** The switch and its undoing by the product's own two statements, on an armed view; evidence and approval come first. */
export async function switchThereAndBack({ pool, plan, planHash }: World): Promise<void> {
  await withSession(pool, SHORT, async (session) => {
    const { evidence, failed } = await writeRunEvidence(session, plan, planHash);
    if (failed !== null) throw new Error(`the run fails ${failed.name}: ${failed.figure} (${failed.limit})`);
    await session.change(approval(evidence.digest));
    const { fence } = await session.one<{ fence: number }>(openAttempt(BACKFILL_ID, 0));
    const { fingerprint } = await session.one<{ fingerprint: string }>(viewFingerprint(plan));
    await pause(CALM_MS);
    const call = publishRelease({ plan, fence, expected: null, windowMs: WINDOW_MS, armedView: fingerprint });
    const { release } = await untilFenced(() => session.one<{ release: { releaseId: string } }>(call));
    await pause(CALM_MS);
    await rollBack(session, rollbackStatement(plan, release.releaseId, 'bench'));
    await session.change(closeAttempt(fence));
  });
}

async function rollBack(session: Session, statement: string): Promise<void> {
  if ((await session.change(sql(statement))) !== 1) throw new Error('the rollback statement changed nothing');
}

/** A whole publication by its activity: catch-up and evidence, approval, then vacuum, grants, arming and the switch. */
export async function publish({ activities, pool }: World): Promise<number> {
  const ref = { backfillId: BACKFILL_ID };
  const concluded = await activities.concludeEvidence(ref);
  if (concluded.kind !== 'concluded' || concluded.failed !== null)
    throw new Error(`there is no passing evidence: ${JSON.stringify(concluded)}`);
  await withSession(pool, SHORT, (session) => session.change(approval(concluded.evidence.digest)));
  const began = performance.now();
  const outcome = await activities.publishRelease({ ...ref, windowMs: WINDOW_MS, limits: LIMITS });
  if (outcome.kind !== 'published') throw new Error(`it is not published: ${JSON.stringify(outcome)}`);
  return performance.now() - began;
}

/** By its activity, as the workflow does it. */
export async function rollBackByActivity({ activities }: World): Promise<number> {
  const began = performance.now();
  await activities.rollBackRelease({ backfillId: BACKFILL_ID, by: 'bench', reason: 'it was only measured' });
  return performance.now() - began;
}

function approval(digest: string): ReturnType<typeof insertDecision> {
  return insertDecision({
    backfillId: BACKFILL_ID,
    decision: 'approve',
    by: 'controller',
    digest,
    subject: '',
    comment: '',
  });
}

async function untilFenced<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (attempt === TRIES || !(error instanceof pg.DatabaseError) || error.code !== '55P03') throw error;
    }
  }
}
