import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import type { ReconciliationFigures } from '../src/domain/batch-verdict.ts';
import type { LedgerBatch } from '../src/ledger/batches.ts';
import type { LedgerPartition } from '../src/ledger/partitions.ts';
import { partitionsOfBatch } from '../src/ledger/partitions.ts';
import { sourceTotalOutliers } from '../src/warehouse/postgres/statements/source-total-difference.ts';
import type { Session } from '../src/warehouse/session.ts';

export interface MovedSources {
  /** Partitions to build again before the batch counts as failed; none where that was done and changed nothing. */
  of(batch: LedgerBatch, figures: ReconciliationFigures): Promise<readonly LedgerPartition[]>;
}

/**
 * A pipeline that commits its sources before its table leaves no mark yet, but the independent source totals see them:
 * where they left what was built, the sources moved since, or the transform loses rows. Building again tells: each
 * content of a partition is tried once.
 */
export function watchMovedSources(session: Session, plan: BackfillPlan): MovedSources {
  const tried = new Set<string>();
  return {
    of: async (batch, { sourceDifferences }) => {
      const moved = new Set<number>();
      for (const [name, total] of Object.entries(plan.sourceTotals)) {
        if (Number(sourceDifferences[name] ?? 0) <= total.tolerance) continue;
        for (const { ordinal, fingerprint } of await session.rows<{ ordinal: number; fingerprint: string }>(
          sourceTotalOutliers(plan, name, total, batch),
        )) {
          const content = `${ordinal} ${fingerprint}`;
          if (!tried.has(content)) moved.add(ordinal);
          tried.add(content);
        }
      }
      if (moved.size === 0) return [];
      const all = await session.rows<LedgerPartition>(partitionsOfBatch(plan.backfillId, batch.batch));
      return all.filter(({ ordinal }) => moved.has(ordinal));
    },
  };
}
