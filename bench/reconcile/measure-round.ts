import type pg from 'pg';
import { reconcileBatch } from '../../activities/reconcile-batch.ts';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { describeCheck } from '../../src/domain/verdict.ts';
import { checkpoint } from '../../src/ledger/partitions.ts';
import { deleteSlice } from '../../src/warehouse/postgres/statements/delete-slice.ts';
import { insertSlice } from '../../src/warehouse/postgres/statements/insert-slice.ts';
import type { Session } from '../../src/warehouse/session.ts';
import { withSession, withTransaction } from '../../src/warehouse/session.ts';
import type { LoopBatch } from '../overhead/loop-tables.ts';
import type { RoundTimes } from './figures.ts';

/** Every batch rebuilt and then checked as the product checks it, evidence and verdict written. Rejects where a check fails. */
export function measureRound(pool: pg.Pool, plan: BackfillPlan, batches: readonly LoopBatch[]): Promise<RoundTimes> {
  const { queryTimeoutMs, lockTimeoutMs } = plan.spec.execution;
  const settings = { applicationName: 'bench/reconcile', statementTimeoutMs: queryTimeoutMs, lockTimeoutMs };
  return withSession(pool, settings, async (session) => {
    let [rebuildMs, checkMs] = [0, 0];
    for (const batch of batches) {
      const began = performance.now();
      await withTransaction(session, () => rebuild(session, plan, batch));
      const built = performance.now();
      rebuildMs += built - began;
      await keepCheckpoints(session, plan, batch);
      const checked = performance.now();
      const { failed } = await reconcileBatch(session, plan, batch, 1);
      checkMs += performance.now() - checked;
      if (failed !== null) throw new Error(`batch ${batch.batch} fails ${describeCheck(failed)}`);
    }
    return { rebuildMs, checkMs, batches: batches.length };
  });
}

async function rebuild(session: Session, plan: BackfillPlan, batch: LoopBatch): Promise<void> {
  for (const partition of batch.slices) {
    await session.change(deleteSlice(plan, partition));
    await session.change(insertSlice(plan, partition));
  }
}

/** Checkpoints, which a bare rebuild does not write; neither side is charged with them. */
async function keepCheckpoints(session: Session, plan: BackfillPlan, batch: LoopBatch): Promise<void> {
  const work = {
    fence: 1,
    readBefore: { fetched: 0, hit: 0 },
    durationMs: 0,
    transformSha256: '',
    inputState: null,
    baseFingerprint: '0:0',
  };
  for (const partition of batch.slices) await session.change(checkpoint(plan, partition, work));
}
