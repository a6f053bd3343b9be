import type { SampleRun } from '../domain/estimate.ts';
import { samplePartitions } from '../domain/estimate.ts';
import type { PartitionedPlan } from '../ledger/partitions.ts';
import { somePartitions } from '../ledger/partitions.ts';
import type { EraSlice } from '../warehouse/postgres/statements/corrected-rows.ts';
import { correctedRows } from '../warehouse/postgres/statements/corrected-rows.ts';
import type { PlanNode } from '../warehouse/postgres/explain.ts';
import { measuredWork, readExplain, scannedRows } from '../warehouse/postgres/explain.ts';
import type { Session } from '../warehouse/session.ts';
import { sql } from '../warehouse/sql.ts';

/** Enough to place the quantiles; more would only make planning slow. */
const PLANNED_AT_MOST = 400;

export interface Sampled {
  readonly plannedRows: number;
  readonly samples: readonly SampleRun[];
  readonly empty: number;
}

interface Slice extends EraSlice {
  readonly ordinal: number;
}

/**
 * Rows from the planner over all partitions, bytes and time from five that are really run: that combination was within
 * 4 % on bytes, where the planner's own bytes are off fourfold.
 */
export async function runSamples(session: Session, plan: PartitionedPlan, partitions: number): Promise<Sampled> {
  const stride = Math.max(1, Math.ceil(partitions / PLANNED_AT_MOST));
  const slices = await session.rows<Slice>(somePartitions(plan, stride));
  const planned: { ordinal: number; rows: number }[] = [];
  for (const slice of slices)
    planned.push({ ordinal: slice.ordinal, rows: scannedRows(await explain(session, plan, slice, false)) });
  const samples: SampleRun[] = [];
  for (const ordinal of samplePartitions(planned)) {
    const slice = slices.find((one) => one.ordinal === ordinal);
    if (slice === undefined) continue;
    const work = measuredWork(await explain(session, plan, slice, true));
    const plannedRows = planned.find((one) => one.ordinal === ordinal)?.rows ?? 0;
    samples.push({
      partition: slice.start,
      plannedRows,
      rowsOut: work.rows,
      bytes: work.bytes,
      durationMs: work.durationMs,
    });
  }
  const total = planned.reduce((sum, one) => sum + one.rows, 0);
  return { plannedRows: total * stride, samples, empty: samples.filter((sample) => sample.rowsOut === 0).length };
}

async function explain(session: Session, plan: PartitionedPlan, slice: Slice, run: boolean): Promise<PlanNode> {
  const query = correctedRows(plan, slice);
  const options = run ? 'ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON' : 'FORMAT JSON';
  return readExplain(await session.one(sql(`EXPLAIN (${options}) ${query}`, slice.start, slice.end)));
}
