import type pg from 'pg';
import { reconcileBatch } from '../../activities/reconcile-batch.ts';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { describeCheck } from '../../src/domain/verdict.ts';
import { deleteSlice } from '../../src/warehouse/postgres/statements/delete-slice.ts';
import { insertSlice } from '../../src/warehouse/postgres/statements/insert-slice.ts';
import type { Session } from '../../src/warehouse/session.ts';
import { withSession, withTransaction } from '../../src/warehouse/session.ts';
import { sql } from '../../src/warehouse/sql.ts';
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
      await session.change(countRows(plan, batch));
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

/** What checkpoints would say, which a bare rebuild does not write; neither side is charged with it. */
function countRows(plan: BackfillPlan, batch: LoopBatch): ReturnType<typeof sql> {
  const { schema, name } = plan.shadow;
  const key = plan.contract.partition.key;
  return sql(
    `UPDATE governance.backfill_partitions p SET state = 'built', bytes = 0, rows = (SELECT count(*) FROM "${schema}"."${name}" s WHERE s."${key}" >= p.partition_start::${plan.keyType} AND s."${key}" < p.partition_end::${plan.keyType})
      WHERE backfill_id = $1 AND batch = $2`,
    plan.backfillId,
    batch.batch,
  );
}
