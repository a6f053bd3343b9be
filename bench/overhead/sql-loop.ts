import type pg from 'pg';
import { tolerances } from '../../activities/reconcile-batch.ts';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import type { ReconciliationFigures } from '../../src/domain/batch-verdict.ts';
import { judge } from '../../src/domain/batch-verdict.ts';
import type { RawComparison } from '../../src/domain/comparison.ts';
import { readComparison } from '../../src/domain/comparison.ts';
import { countOutside } from '../../src/domain/delta-checks.ts';
import { describeCheck, firstFailure } from '../../src/domain/verdict.ts';
import { recordVerdict } from '../../src/ledger/batches.ts';
import { deleteSlice } from '../../src/warehouse/postgres/statements/delete-slice.ts';
import { insertSlice } from '../../src/warehouse/postgres/statements/insert-slice.ts';
import { reconcileSlice } from '../../src/warehouse/postgres/statements/reconcile-slice.ts';
import { sourceTotalDifference } from '../../src/warehouse/postgres/statements/source-total-difference.ts';
import type { Session } from '../../src/warehouse/session.ts';
import { withSession, withTransaction } from '../../src/warehouse/session.ts';
import type { LoopBatch } from './loop-tables.ts';

export interface LoopTimes {
  readonly milliseconds: number;
  readonly idleMs: number;
}

/**
 * The rebuilds as a careful person would write them by hand: the same statements in one transaction a batch on as many
 * connections as the product's, each taking the next batch, and nothing else. `checked` adds the product's checks after
 * each batch, with the verdict in a ledger row. Rejects where a check fails: then other work was measured.
 */
export async function runLoop(
  pool: pg.Pool,
  plan: BackfillPlan,
  batches: readonly LoopBatch[],
  { checked }: { readonly checked: boolean },
): Promise<LoopTimes> {
  // Connections are open before the clock starts, as the product's are.
  return withSessions(pool, plan, async (sessions) => {
    const queue = batches.values();
    const started = performance.now();
    const ends = await Promise.all(sessions.map((session) => walk(session, plan, queue, checked)));
    const end = Math.max(...ends);
    return { milliseconds: end - started, idleMs: ends.reduce((sum, one) => sum + end - one, 0) };
  });
}

function withSessions<T>(
  pool: pg.Pool,
  plan: BackfillPlan,
  use: (sessions: readonly Session[]) => Promise<T>,
  open: readonly Session[] = [],
): Promise<T> {
  const { maxConcurrency, queryTimeoutMs, lockTimeoutMs } = plan.spec.execution;
  if (open.length === maxConcurrency) return use(open);
  const settings = { applicationName: 'bench/loop', statementTimeoutMs: queryTimeoutMs, lockTimeoutMs };
  return withSession(pool, settings, (session) => withSessions(pool, plan, use, [...open, session]));
}

/** Resolves to the moment at which this connection found nothing left. */
async function walk(
  session: Session,
  plan: BackfillPlan,
  queue: Iterator<LoopBatch>,
  checked: boolean,
): Promise<number> {
  for (let next = queue.next(); next.done !== true; next = queue.next()) {
    const batch = next.value;
    await withTransaction(session, async () => {
      for (const partition of batch.slices) {
        await session.change(deleteSlice(plan, partition));
        await session.change(insertSlice(plan, partition));
      }
    });
    if (checked) await check(session, plan, batch);
  }
  return performance.now();
}

async function check(session: Session, plan: BackfillPlan, batch: LoopBatch): Promise<void> {
  const raw = await session.one<RawComparison>(reconcileSlice(plan, batch));
  const compared = readComparison(raw, plan.contract);
  const sourceDifferences: Record<string, string> = {};
  for (const [name, total] of Object.entries(plan.sourceTotals)) {
    const { difference } = await session.one<{ difference: string }>(sourceTotalDifference(plan, name, total, batch));
    sourceDifferences[name] = difference;
  }
  const { partitions } = batch;
  // This loop writes no checkpoints that its rows could differ from.
  const built = { partitionsPlanned: partitions, partitionsBuilt: partitions, rowsOutside: 0 };
  const outside = { partitionsOutside: countOutside(compared.partitions, plan.spec.validation), sourceMissing: {} };
  const figures: ReconciliationFigures = { ...compared.figures, ...built, ...outside, sourceDifferences };
  const checks = judge(
    figures,
    { ...plan.spec.validation, sourceTolerances: tolerances(plan), level: 'batch' },
    compared,
  );
  const failed = firstFailure(checks);
  if (failed !== undefined)
    throw new Error(`batch ${batch.batch} of ${plan.backfillId} fails ${describeCheck(failed)}`);
  const verdict = { state: 'passed', checks, figures, digest: '', fence: 0 } as const;
  await session.change(recordVerdict(plan.backfillId, batch.batch, verdict));
}
