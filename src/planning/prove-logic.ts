import type { BackfillPlan } from '../domain/backfill-plan.ts';
import type { MeasureEffects, ReproducedPartition } from '../domain/reproduction.ts';
import { judgeReproduction } from '../domain/reproduction.ts';
import type { SeamPartition } from '../domain/seam.ts';
import { judgeSeam } from '../domain/seam.ts';
import type { Check } from '../domain/verdict.ts';
import type { ClosedPartition, GridPartition } from '../ledger/chosen-partitions.ts';
import { closedAfterInterval, partitionsAt } from '../ledger/chosen-partitions.ts';
import { compareReproduction, compareSeam, measureEffects } from '../warehouse/postgres/statements/compare-logic.ts';
import * as scratch from '../warehouse/postgres/statements/scratch.ts';
import type { Session } from '../warehouse/session.ts';
import { atPartition, withScratch } from './scratch-rows.ts';

/** More would prove no more: one partition that differs is enough to refute. */
const SEAM_PARTITIONS = 3;

export interface LogicProofs {
  readonly seam: readonly Check[];
  readonly reproduction: readonly Check[];
}

/** Is this the right logic? Both proofs over the partitions that the plan sampled, in scratch tables of their own. */
export async function proveLogic(session: Session, plan: BackfillPlan): Promise<LogicProofs> {
  return withScratch(session, plan, async () => {
    const starts = plan.estimate.samples.map(({ partition }) => partition);
    const slices = await session.rows<GridPartition>(partitionsAt(plan, starts));
    for (const slice of slices) await buildCorrected(session, plan, slice);
    return { seam: await proveSeam(session, plan), reproduction: await proveReproduction(session, plan, slices) };
  });
}

/** Inside scratch tables: the corrected logic on the newest closed partitions after the interval equals what is there. */
export async function proveSeam(session: Session, plan: BackfillPlan): Promise<readonly Check[]> {
  const slices = await session.rows<ClosedPartition>(closedAfterInterval(plan, SEAM_PARTITIONS));
  const found: SeamPartition[] = [];
  for (const slice of slices) {
    await buildCorrected(session, plan, slice);
    const compared = await session.one<Omit<SeamPartition, 'fresh'>>(compareSeam(plan, slice));
    found.push({ ...compared, fresh: slice.fresh });
  }
  return [judgeSeam(found)];
}

/** Inside scratch tables that hold the corrected rows of `slices`: the trusted logic still gives what is published there. */
export async function proveReproduction(
  session: Session,
  plan: BackfillPlan,
  slices: readonly GridPartition[],
): Promise<readonly Check[]> {
  const tolerance = plan.spec.validation.rowCountTolerance;
  if (plan.trusted.length === 0) return judgeReproduction(null, tolerance);
  const starts = slices.map(({ start }) => start);
  const inEras = await session.rows<GridPartition>(partitionsAt({ ...plan, eras: plan.trusted }, starts));
  const covered = inEras.filter(({ era }) => era > 0);
  if (covered.length === 0) return judgeReproduction({ partitions: [], effects: {} }, tolerance);
  const partitions: ReproducedPartition[] = [];
  for (const slice of covered) {
    await atPartition(plan, slice.start, session.rows(scratch.buildTrusted(plan, slice)));
    partitions.push(await session.one<ReproducedPartition>(compareReproduction(plan, slice)));
  }
  const { effects } = await session.one<{ effects: Record<string, MeasureEffects> }>(measureEffects(plan, covered));
  return judgeReproduction({ partitions, effects }, tolerance);
}

async function buildCorrected(session: Session, plan: BackfillPlan, slice: GridPartition): Promise<void> {
  await atPartition(plan, slice.start, session.rows(scratch.buildScratch(plan, slice)));
}
