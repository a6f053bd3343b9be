import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import type { ReconciliationFigures } from '../src/domain/batch-verdict.ts';
import { judge } from '../src/domain/batch-verdict.ts';
import type { RawComparison } from '../src/domain/comparison.ts';
import { readComparison } from '../src/domain/comparison.ts';
import { countOutside } from '../src/domain/delta-checks.ts';
import type { Check } from '../src/domain/verdict.ts';
import { firstFailure } from '../src/domain/verdict.ts';
import type { Waiver } from '../src/domain/waiver.ts';
import { waive } from '../src/domain/waiver.ts';
import type { LedgerBatch } from '../src/ledger/batches.ts';
import { recordVerdict } from '../src/ledger/batches.ts';
import { insertEvidence, waivers } from '../src/ledger/evidence.ts';
import { partitionsOfBatch } from '../src/ledger/partitions.ts';
import type { LedgerPartition } from '../src/ledger/partitions.ts';
import { recordSpending } from '../src/ledger/spending.ts';
import { fingerprint } from '../src/spec/fingerprint.ts';
import type { Circumstances } from '../src/warehouse/postgres/statements/circumstances.ts';
import { circumstances } from '../src/warehouse/postgres/statements/circumstances.ts';
import { reconcileSlice } from '../src/warehouse/postgres/statements/reconcile-slice.ts';
import type { TotalDifference } from '../src/warehouse/postgres/statements/source-total-difference.ts';
import { keepSourceTotal } from '../src/warehouse/postgres/statements/source-total-difference.ts';
import type { Session } from '../src/warehouse/session.ts';
import { withTransaction } from '../src/warehouse/session.ts';
import type { Sql } from '../src/warehouse/sql.ts';
import { statementHashes, transformsOf } from './evidence-sources.ts';
import { naming } from './naming.ts';

export interface BatchVerdict {
  readonly verdict: 'pass' | 'waived' | 'fail';
  readonly failed: Check | null;
  readonly figures: ReconciliationFigures;
  readonly digest: string;
}

/** Compares one batch on all three levels and records what was found, figures and verdict, as evidence. */
export async function reconcileBatch(
  session: Session,
  plan: BackfillPlan,
  batch: LedgerBatch,
  fence: number,
): Promise<BatchVerdict> {
  const found = await compareBatch(session, plan, batch, fence);
  await withTransaction(session, () => recordComparison(session, plan, batch, fence, found));
  return found;
}

export interface Comparison extends BatchVerdict {
  readonly checks: readonly Check[];
  readonly body: unknown;
  readonly bytes: number;
  readonly durationMs: number;
}

export function compareBatch(
  session: Session,
  plan: BackfillPlan,
  batch: LedgerBatch,
  fence: number,
): Promise<Comparison> {
  return naming(`check of batch ${batch.batch} of ${plan.dataset}`, compare(session, plan, batch, fence));
}

async function compare(session: Session, plan: BackfillPlan, batch: LedgerBatch, fence: number): Promise<Comparison> {
  const started = Date.now();
  const partitions = await session.rows<LedgerPartition>(partitionsOfBatch(plan.backfillId, batch.batch));
  const moved = partitions.some((partition) => partition.moved);
  const comparing = reconcileSlice(plan, batch, moved);
  const raw = await session.one<RawComparison>(comparing);
  const compared = readComparison(raw, plan.contract);
  const differences: Record<string, string> = {};
  const missing: Record<string, number> = {};
  const totalling: Record<string, Sql> = {};
  for (const [name, total] of Object.entries(plan.sourceTotals)) {
    const statement = keepSourceTotal(plan, name, total, { ...batch, fence });
    totalling[`source_total:${name}`] = statement;
    const found = await session.one<TotalDifference>(statement);
    differences[name] = found.difference;
    missing[name] = found.missing;
  }
  const figures: ReconciliationFigures = {
    ...compared.figures,
    partitionsPlanned: batch.partitions,
    partitionsBuilt: partitions.filter((partition) => partition.state === 'built').length,
    partitionsOutside: countOutside(compared.partitions, plan.spec.validation),
    sourceDifferences: differences,
    sourceMissing: missing,
  };
  const waived = await session.rows<Pick<Waiver, 'batch' | 'check' | 'figure'>>(waivers(plan.backfillId));
  const checks = waive(
    judge(figures, { ...plan.spec.validation, sourceTolerances: tolerances(plan), level: 'batch' }, compared),
    waived.filter((one) => one.batch === batch.batch),
  );
  const failed = firstFailure(checks) ?? null;
  const verdict = failed !== null ? 'fail' : checks.some((check) => check.verdict === 'waived') ? 'waived' : 'pass';
  const body = {
    batch: batch.batch,
    range: { start: batch.start, end: batch.end },
    figures,
    checks,
    partitions: compared.partitions,
    dimensions: compared.dimensions,
    topRows: compared.topRows,
    samples: compared.samples,
    transforms: transformsOf(plan, partitions),
    statements: statementHashes({ comparison: comparing, ...totalling }),
    circumstances: await session.one<Circumstances>(circumstances()),
  };
  const work = { bytes: reread(plan, partitions), durationMs: Date.now() - started };
  return { verdict, failed, figures, digest: fingerprint(body), checks, body, ...work };
}

/** In a transaction of the caller's. */
export async function recordComparison(
  session: Session,
  plan: BackfillPlan,
  { batch }: LedgerBatch,
  fence: number,
  { verdict, figures, digest, checks, body, bytes, durationMs }: Comparison,
): Promise<void> {
  const state = verdict === 'pass' ? 'passed' : verdict === 'waived' ? 'waived' : 'failed';
  const verdictCounts = await session.change(
    recordVerdict(plan.backfillId, batch, { state, checks, figures, digest, fence }),
  );
  // What an attempt found that lost the batch is evidence of nothing: the run stands on what is recorded of the batch.
  if (verdictCounts > 0) await session.change(insertEvidence(plan.backfillId, 'batch', batch, body, digest));
  await session.change(
    recordSpending(plan.backfillId, { what: `check batch ${batch}`, bytes, cachedBytes: 0, durationMs }),
  );
}

/** A check cannot measure itself: a source total reads again what the rebuild read, and counts as much. */
export function reread(plan: BackfillPlan, partitions: readonly LedgerPartition[]): number {
  const built = partitions.reduce((sum, partition) => sum + partition.bytes, 0);
  return built * Object.values(plan.sourceTotals).filter(({ figures }) => figures === null).length;
}

export function tolerances(plan: BackfillPlan): Record<string, number> {
  return Object.fromEntries(Object.entries(plan.sourceTotals).map(([name, total]) => [name, total.tolerance]));
}
