import pg from 'pg';
import type { BackfillPlan } from '../domain/backfill-plan.ts';
import type { ReconciliationFigures } from '../domain/batch-verdict.ts';
import type { RawComparison } from '../domain/comparison.ts';
import { readComparison } from '../domain/comparison.ts';
import { countOutside } from '../domain/delta-checks.ts';
import type { SampleRun } from '../domain/estimate.ts';
import { largestDifference } from '../domain/largest-difference.ts';
import type { Rehearsal } from '../domain/rehearsal.ts';
import { judgeRehearsal } from '../domain/rehearsal.ts';
import type { Check } from '../domain/verdict.ts';
import type { FailureType } from '../protocol/failures.ts';
import { measuredWork, readExplain, scannedRows } from '../warehouse/postgres/explain.ts';
import { reconcileSamples, sampleTotalDifference } from '../warehouse/postgres/statements/compare-samples.ts';
import type { TotalDifference } from '../warehouse/postgres/statements/source-total-difference.ts';
import { buildScratch } from '../warehouse/postgres/statements/scratch.ts';
import type { Session } from '../warehouse/session.ts';
import { failureOf } from '../warehouse/sqlstate.ts';
import { timedOutAfterMs } from '../warehouse/statement-timeout.ts';
import { proveIdempotency } from './prove-idempotency.ts';
import { proveReproduction, proveSeam } from './prove-logic.ts';
import type { Sample } from './sample-partitions.ts';
import { atPartition, withScratch } from './scratch-rows.ts';

export interface Rehearsed {
  readonly rehearsal: Rehearsal;
  readonly runs: readonly SampleRun[];
}

/**
 * Builds the samples into temporary tables, compares them with what is published, judges them as the spec expects, and
 * proves the logic on them. Writes nothing. Throws the server's error, its partition named, where a sample cannot be built.
 */
async function rehearse(session: Session, plan: BackfillPlan, samples: readonly Sample[]): Promise<Rehearsed> {
  const started = Date.now();
  const { runs, judged, seam, reproduction } = await withScratch(session, plan, async () => ({
    runs: await buildSamples(session, plan, samples),
    judged: await judgeSamples(session, plan, samples),
    seam: await proveSeam(session, plan),
    reproduction: await proveReproduction(session, plan, samples),
  }));
  const idempotency = await proveIdempotency(session, plan, runs);
  const checks = [...judged.checks, ...idempotency, ...seam.checks, ...reproduction.checks];
  const proofs = { seamRows: seam.rows, reproduction: reproduction.found };
  return { runs, rehearsal: { ...judged, ...proofs, checks, durationMs: Date.now() - started } };
}

/** Of the changes, so many are shown with a plan. */
const SHOWN_ROWS = 10;

/** The server's refusals of the contract's SQL or its rows are a finding; an outage is not, and is thrown on. */
const FINDINGS: readonly FailureType[] = ['DataRefused', 'StatementRefused', 'MissingPrivilege'];

/** As `rehearse`; a sentence where a sample cannot be built at all. */
export async function rehearseOrRefuse(
  session: Session,
  plan: BackfillPlan,
  samples: readonly Sample[],
): Promise<Rehearsed | string> {
  try {
    return await rehearse(session, plan, samples);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    if (timedOutAfterMs(error) === null && !FINDINGS.includes(failureOf(error.code, error.message))) throw error;
    return `the rehearsal stops at ${error.message} [${error.code ?? 'no code'}]; correct the transform or what it reads`;
  }
}

async function buildSamples(session: Session, plan: BackfillPlan, samples: readonly Sample[]): Promise<SampleRun[]> {
  const runs: SampleRun[] = [];
  for (const sample of samples) {
    const built = await atPartition(plan, sample.start, session.one(buildScratch(plan, sample)));
    const explained = readExplain(built);
    const work = measuredWork(explained);
    runs.push({
      partition: sample.start,
      plannedRows: sample.plannedRows,
      scannedRows: scannedRows(explained, 'Actual Rows'),
      rowsOut: work.rows,
      bytes: work.bytes,
      durationMs: work.durationMs,
    });
  }
  return runs;
}

async function judgeSamples(
  session: Session,
  plan: BackfillPlan,
  samples: readonly Sample[],
): Promise<Omit<Rehearsal, 'durationMs' | 'seamRows' | 'reproduction'> & { readonly checks: readonly Check[] }> {
  const raw = await session.one<RawComparison>(reconcileSamples(plan, samples));
  const { figures, partitions, dimensions, topRows } = readComparison(raw, plan.contract);
  const { validation } = plan.spec;
  const totals = await compareTotals(session, plan, samples);
  const compared = {
    partitions: samples.flatMap(({ start }) => partitions.filter(({ partition }) => partition === start)),
    dimensions,
    batches: new Set(samples.map(({ batch }) => batch)).size,
    figures: {
      ...figures,
      partitionsPlanned: samples.length,
      partitionsBuilt: samples.length,
      partitionsOutside: countOutside(partitions, validation),
      ...totals,
    },
  };
  const tolerances = Object.entries(plan.sourceTotals).map(([name, { tolerance }]) => [name, tolerance] as const);
  const checks = judgeRehearsal(compared, { ...validation, sourceTolerances: Object.fromEntries(tolerances) });
  return { ...compared, topRows: topRows.slice(0, SHOWN_ROWS), checks };
}

/** By source total, the largest difference of any sample, as text, so that no digit is lost; and samples without a figure. */
async function compareTotals(
  session: Session,
  plan: BackfillPlan,
  samples: readonly Sample[],
): Promise<Pick<ReconciliationFigures, 'sourceDifferences' | 'sourceMissing'>> {
  const sourceDifferences: Record<string, string> = {};
  const sourceMissing: Record<string, number> = {};
  for (const [name, total] of Object.entries(plan.sourceTotals)) {
    const found: TotalDifference[] = [];
    for (const sample of samples) found.push(await session.one(sampleTotalDifference(plan, name, total, sample)));
    sourceDifferences[name] = largestDifference(found.map(({ difference }) => difference));
    sourceMissing[name] = found.reduce((sum, { missing }) => sum + missing, 0);
  }
  return { sourceDifferences, sourceMissing };
}
