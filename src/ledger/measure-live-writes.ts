import type { BackfillPlan } from '../domain/backfill-plan.ts';
import type { CatchUpPasses } from '../domain/convergence.ts';
import { judgeConvergence } from '../domain/convergence.ts';
import type { LiveWrites } from '../domain/live-writes.ts';
import type { Session } from '../warehouse/session.ts';
import { catchUpPasses } from './catch-ups.ts';
import { dirtyNow } from './dirty-marks.ts';
import { lagSpell } from './lag-spells.ts';

interface Dirty {
  readonly at: Date;
  readonly openMarks: number;
  readonly dirtyPartitions: number;
  readonly oldestMarkAt: Date | null;
  readonly buildSeconds: number | null;
  readonly comparedAsOf: Date | null;
}

/** How far the run is behind the live pipeline at this moment, and whether its rebuilds outrun it. Reads the ledger alone. */
export async function measureLiveWrites(
  session: Session,
  plan: Pick<BackfillPlan, 'backfillId' | 'keyType'>,
): Promise<LiveWrites> {
  const { buildSeconds, ...dirty } = await session.one<Dirty>(dirtyNow(plan));
  const convergence = judgeConvergence(
    await session.one<CatchUpPasses>(catchUpPasses(plan.backfillId, dirty.dirtyPartitions)),
  );
  const [spell] = await session.rows<{ since: Date }>(lagSpell(plan.backfillId));
  return {
    at: dirty.at.toISOString(),
    openMarks: dirty.openMarks,
    dirtyPartitions: dirty.dirtyPartitions,
    oldestMarkAt: dirty.oldestMarkAt?.toISOString() ?? null,
    ...convergence,
    secondsPerRebuild: convergence.secondsPerRebuild ?? buildSeconds,
    beyondLimitSince: spell?.since.toISOString() ?? null,
    comparedAsOf: dirty.comparedAsOf?.toISOString() ?? null,
  };
}
