import pg from 'pg';
import type { BackfillPlan } from '../domain/backfill-plan.ts';
import type { ReconciliationFigures } from '../domain/batch-verdict.ts';
import type { SampleRun } from '../domain/estimate.ts';
import { largestDifference } from '../domain/largest-difference.ts';
import type { Rehearsal, RehearsedPartition, RehearsedRow } from '../domain/rehearsal.ts';
import { judgeRehearsal } from '../domain/rehearsal.ts';
import type { Check } from '../domain/verdict.ts';
import type { FailureType } from '../protocol/failures.ts';
import { measuredWork, readExplain } from '../warehouse/postgres/explain.ts';
import {
  reconcileSamples,
  sampleDelta,
  sampleTotalDifference,
} from '../warehouse/postgres/statements/compare-samples.ts';
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
  const { runs, judged, proofs } = await withScratch(session, plan, async () => ({
    runs: await buildSamples(session, plan, samples),
    judged: await judgeSamples(session, plan, samples),
    proofs: [...(await proveSeam(session, plan)), ...(await proveReproduction(session, plan, samples))],
  }));
  const idempotency = await proveIdempotency(session, plan, runs);
  const checks = [...judged.checks, ...idempotency, ...proofs];
  return { runs, rehearsal: { ...judged, checks, durationMs: Date.now() - started } };
}

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
    const work = measuredWork(readExplain(built));
    runs.push({
      partition: sample.start,
      plannedRows: sample.plannedRows,
      rowsOut: work.rows,
      bytes: work.bytes,
      durationMs: work.durationMs,
    });
  }
  return runs;
}

type Found = Omit<ReconciliationFigures, 'partitionsPlanned' | 'partitionsBuilt' | 'sourceDifferences'>;

async function judgeSamples(
  session: Session,
  plan: BackfillPlan,
  samples: readonly Sample[],
): Promise<Omit<Rehearsal, 'durationMs'> & { readonly checks: readonly Check[] }> {
  const { figures: found, topRows } = await session.one<{ figures: Found; topRows: readonly RehearsedRow[] }>(
    reconcileSamples(plan, samples),
  );
  const partitions: RehearsedPartition[] = [];
  for (const sample of samples) {
    const delta = await session.one<RehearsedPartition>(sampleDelta(plan, sample));
    partitions.push({ ...delta, measures: inOrder(plan, delta.measures) });
  }
  const compared = {
    partitions,
    batches: new Set(samples.map(({ batch }) => batch)).size,
    figures: {
      ...found,
      measures: inOrder(plan, found.measures),
      partitionsPlanned: samples.length,
      partitionsBuilt: partitions.length,
      sourceDifferences: await sourceDifferences(session, plan, samples),
    },
  };
  const totals = Object.entries(plan.sourceTotals).map(([name, { tolerance }]) => [name, tolerance] as const);
  const expected = { ...plan.spec.validation, sourceTolerances: Object.fromEntries(totals) };
  return { ...compared, topRows, checks: judgeRehearsal(compared, expected) };
}

/** As the contract lists them: the server sorts the keys of its objects by length. */
function inOrder<T>(plan: BackfillPlan, measures: Readonly<Record<string, T>>): Record<string, T> {
  const names = Object.keys(plan.contract.measures);
  return Object.fromEntries(Object.entries(measures).sort(([a], [b]) => names.indexOf(a) - names.indexOf(b)));
}

/** By source total, the largest difference of any sample; text, so that no digit is lost. */
async function sourceDifferences(
  session: Session,
  plan: BackfillPlan,
  samples: readonly Sample[],
): Promise<Record<string, string>> {
  const largest: Record<string, string> = {};
  for (const [name, total] of Object.entries(plan.sourceTotals)) {
    const differences: string[] = [];
    for (const sample of samples)
      differences.push(
        (await session.one<{ difference: string }>(sampleTotalDifference(plan, name, total.text, sample))).difference,
      );
    largest[name] = largestDifference(differences);
  }
  return largest;
}
