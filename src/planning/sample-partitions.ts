import type { PlannedSize } from '../domain/partition-survey.ts';
import { rehearsedOrdinals } from '../domain/rehearsal.ts';
import type { GridPartition } from '../ledger/chosen-partitions.ts';
import { spreadPartitions } from '../ledger/chosen-partitions.ts';
import type { PartitionedPlan } from '../ledger/partitions.ts';
import { readExplain, scannedRows } from '../warehouse/postgres/explain.ts';
import { correctedRows } from '../warehouse/postgres/statements/corrected-rows.ts';
import type { Session } from '../warehouse/session.ts';
import { sql } from '../warehouse/sql.ts';

/** A millisecond each: two seconds. Beyond that, partitions that are spread over the interval stand for all. */
const PLANNED_AT_MOST = 2_000;

export interface Sample extends GridPartition {
  /** Rows that the planner expects the scans to yield. */
  readonly plannedRows: number;
}

export interface Sampled {
  /** Over all partitions of the interval. */
  readonly plannedRows: number;
  /** The few that are worth running, every era, weekdays and weekends among them. */
  readonly samples: readonly Sample[];
  /** Everything that the planner was asked about. */
  readonly sizes: readonly (PlannedSize & GridPartition)[];
}

/**
 * Rows from the planner over all partitions, to be joined with bytes and time of a few that are really run: that
 * combination was within 4 % on bytes, where the planner's own bytes are off fourfold. In a transaction of the caller's.
 */
export async function choosePartitions(session: Session, plan: PartitionedPlan, partitions: number): Promise<Sampled> {
  // A parallel scan tells the rows of one worker; an INSERT is never parallel.
  await session.change(sql('SET LOCAL max_parallel_workers_per_gather = 0'));
  const slices = await session.rows<GridPartition & { isSpread: boolean; weekend: boolean }>(
    spreadPartitions(plan, strideOf(partitions)),
  );
  const isDaily = ['hour', 'day'].includes(plan.contract.partition.grain);
  const planned: (Sample & { readonly isSpread: boolean; readonly weekend: boolean | null })[] = [];
  for (const slice of slices) {
    const explain = sql(`EXPLAIN (FORMAT JSON) ${correctedRows(plan, slice)}`, slice.start, slice.end);
    const plannedRows = scannedRows(readExplain(await session.one(explain)));
    planned.push({ ...slice, plannedRows, weekend: isDaily ? slice.weekend : null });
  }
  const sized = planned.map((one) => ({ ...one, rows: one.plannedRows }));
  const ordinals = rehearsedOrdinals(sized);
  const spread = planned.filter(({ isSpread }) => isSpread);
  const sum = spread.reduce((total, one) => total + one.plannedRows, 0);
  return {
    plannedRows: spread.length === 0 ? 0 : (sum / spread.length) * partitions,
    samples: planned.filter(({ ordinal }) => ordinals.includes(ordinal)),
    sizes: sized,
  };
}

/** Every how many-th: never in step with a week, a day's hours or a year's months, or only Mondays would be asked about. */
export function strideOf(partitions: number): number {
  let stride = Math.max(1, Math.ceil(partitions / PLANNED_AT_MOST));
  while (stride > 1 && [2, 3, 7].some((beat) => stride % beat === 0)) stride += 1;
  return stride;
}
