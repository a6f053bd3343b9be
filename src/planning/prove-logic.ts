import type { BackfillPlan } from '../domain/backfill-plan.ts';
import type { MeasureEffects, ReproducedPartition, Reproduction } from '../domain/reproduction.ts';
import { judgeReproduction } from '../domain/reproduction.ts';
import type { SeamPartition, SeamRow } from '../domain/seam.ts';
import { judgeSeam } from '../domain/seam.ts';
import type { Check } from '../domain/verdict.ts';
import type { ClosedPartition, GridPartition } from '../ledger/chosen-partitions.ts';
import { closedAfterInterval, partitionsAt } from '../ledger/chosen-partitions.ts';
import {
  compareReproduction,
  compareSeam,
  measureEffects,
  seamDifferences,
} from '../warehouse/postgres/statements/compare-logic.ts';
import * as scratch from '../warehouse/postgres/statements/scratch.ts';
import type { Session } from '../warehouse/session.ts';
import { atPartition, withScratch } from './scratch-rows.ts';

/** More would prove no more: one partition that differs is enough to refute. */
const SEAM_PARTITIONS = 3;

/** A person reads this many; the check counts all. */
const SEAM_ROWS = 20;

export interface SeamProof {
  readonly checks: readonly Check[];
  readonly rows: readonly SeamRow[];
}

export interface ReproductionProof {
  readonly checks: readonly Check[];
  /** Of the sampled partitions, never extrapolated; null where nothing was reproduced. */
  readonly found: Reproduction | null;
}

export interface LogicProofs {
  readonly seam: SeamProof;
  readonly reproduction: ReproductionProof;
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
export async function proveSeam(session: Session, plan: BackfillPlan): Promise<SeamProof> {
  const slices = await session.rows<ClosedPartition>(closedAfterInterval(plan, SEAM_PARTITIONS));
  const found: SeamPartition[] = [];
  const rows: SeamRow[] = [];
  for (const slice of slices) {
    await buildCorrected(session, plan, slice);
    const compared = await session.one<Omit<SeamPartition, 'fresh'>>(compareSeam(plan, slice));
    found.push({ ...compared, fresh: slice.fresh });
    const left = SEAM_ROWS - rows.length;
    if (compared.differing > 0 && left > 0)
      rows.push(...(await session.rows<SeamRow>(seamDifferences(plan, slice, left))));
  }
  return { checks: [judgeSeam(found)], rows };
}

/** Inside scratch tables that hold the corrected rows of `slices`: the trusted logic still gives what is published there. */
export async function proveReproduction(
  session: Session,
  plan: BackfillPlan,
  slices: readonly GridPartition[],
): Promise<ReproductionProof> {
  const { rowCountTolerance, inputDrift } = plan.spec.validation;
  const proof = (found: Reproduction | null): ReproductionProof => ({
    found,
    checks: judgeReproduction(found, rowCountTolerance, inputDrift),
  });
  if (plan.trusted.length === 0) return proof(null);
  const starts = slices.map(({ start }) => start);
  const inEras = await session.rows<GridPartition>(partitionsAt({ ...plan, eras: plan.trusted }, starts));
  const covered = inEras.filter(({ era }) => era > 0);
  if (covered.length === 0) return proof({ partitions: [], effects: {} });
  const partitions: ReproducedPartition[] = [];
  for (const slice of covered) {
    await atPartition(plan, slice.start, session.rows(scratch.buildTrusted(plan, slice)));
    const compared = await session.one<Omit<ReproducedPartition, 'effects'>>(compareReproduction(plan, slice));
    partitions.push({ ...compared, effects: await effectsOn(session, plan, [slice]) });
  }
  return proof({ partitions, effects: await effectsOn(session, plan, covered) });
}

async function effectsOn(
  session: Session,
  plan: BackfillPlan,
  slices: readonly GridPartition[],
): Promise<Readonly<Record<string, MeasureEffects>>> {
  return (await session.one<{ effects: Record<string, MeasureEffects> }>(measureEffects(plan, slices))).effects;
}

async function buildCorrected(session: Session, plan: BackfillPlan, slice: GridPartition): Promise<void> {
  await atPartition(plan, slice.start, session.rows(scratch.buildScratch(plan, slice)));
}
