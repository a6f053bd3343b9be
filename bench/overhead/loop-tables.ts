import type pg from 'pg';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import type { LedgerBatch } from '../../src/ledger/batches.ts';
import type { LedgerPartition } from '../../src/ledger/partitions.ts';
import { insertBatches, insertPartitions, partitionsOfBatch } from '../../src/ledger/partitions.ts';
import { insertRun, setRunStatus } from '../../src/ledger/runs.ts';
import { createShadow, createSnapshot, indexKeyed } from '../../src/warehouse/postgres/statements/create-tables.ts';
import { fingerprintOf } from '../../src/warehouse/postgres/statements/fingerprint.ts';
import type { Session } from '../../src/warehouse/session.ts';
import { SHORT, withSession, withTransaction } from '../../src/warehouse/session.ts';
import { qualified, sql } from '../../src/warehouse/sql.ts';

/** A batch and its partitions, known before the clock starts. */
export type LoopBatch = LedgerBatch & { readonly slices: readonly LedgerPartition[] };

/** What a plan says, for rebuilds outside the product: a ledger run, a shadow and a snapshot of its own. */
export function loopPlan(plan: BackfillPlan, backfillId: string): BackfillPlan {
  const { schema } = plan.shadow;
  return {
    ...plan,
    backfillId,
    shadow: { schema, name: `${backfillId}_shadow` },
    snapshot: { schema, name: 'bench_snapshot' },
  };
}

/** The old side of the comparison, made once: no loop changes it. */
export function makeSnapshot(pool: pg.Pool, plan: BackfillPlan): Promise<void> {
  return withTables(pool, async (session) => {
    await session.change(sql(`DROP TABLE IF EXISTS ${qualified(plan.snapshot)}`));
    for (const statement of [...createSnapshot(plan), ...indexKeyed(plan, plan.snapshot)])
      await session.change(statement);
    await session.change(sql(`ANALYZE ${qualified(plan.snapshot)}`));
  });
}

/** An empty shadow with a ledger run of its own, the dataset's active one until `dropShadow` ends it. */
export function makeShadow(pool: pg.Pool, plan: BackfillPlan): Promise<LoopBatch[]> {
  const { backfillId } = plan;
  const run = { plan, planHash: '', specHash: '', requestedBy: 'bench', workflowId: backfillId };
  return withTables(pool, async (session) => {
    await withTransaction(session, async () => {
      for (const statement of [...createShadow(plan), ...indexKeyed(plan, plan.shadow)])
        await session.change(statement);
      await session.change(insertRun(run));
      await session.change(insertBatches(plan));
      await session.change(insertPartitions(plan));
    });
    return readBatches(session, backfillId);
  });
}

async function readBatches(session: Session, backfillId: string): Promise<LoopBatch[]> {
  const batches = await session.rows<LedgerBatch>(
    sql(
      `SELECT batch, state, range_start AS start, range_end AS "end", last_ordinal - first_ordinal + 1 AS partitions
         FROM governance.backfill_batches WHERE backfill_id = $1 ORDER BY batch`,
      backfillId,
    ),
  );
  const whole: LoopBatch[] = [];
  for (const batch of batches)
    whole.push({ ...batch, slices: await session.rows<LedgerPartition>(partitionsOfBatch(backfillId, batch.batch)) });
  return whole;
}

export function dropShadow(pool: pg.Pool, plan: BackfillPlan): Promise<void> {
  return withTables(pool, async (session) => {
    await session.change(sql(`DROP TABLE ${qualified(plan.shadow)}`));
    // The next backfill of the dataset may start.
    await session.change(setRunStatus(plan.backfillId, 'aborted', new Date().toISOString(), true));
  });
}

/** `rows:hash` over everything that was built. */
export function fingerprintShadow(pool: pg.Pool, plan: BackfillPlan): Promise<string> {
  return withTables(pool, async (session) => {
    const statement = sql(
      `SELECT ${fingerprintOf(plan.comparedColumns, 's')} AS built FROM ${qualified(plan.shadow)} s`,
    );
    return (await session.one<{ built: string }>(statement)).built;
  });
}

function withTables<T>(pool: pg.Pool, use: (session: Session) => Promise<T>): Promise<T> {
  return withSession(pool, { ...SHORT, applicationName: 'bench/tables', statementTimeoutMs: 300_000 }, use);
}
