import { rehearsedOrdinals } from '../domain/rehearsal.ts';
import type { GridPartition } from '../ledger/chosen-partitions.ts';
import { spreadPartitions } from '../ledger/chosen-partitions.ts';
import type { PartitionedPlan } from '../ledger/partitions.ts';
import { readExplain, scannedRows } from '../warehouse/postgres/explain.ts';
import { correctedRows } from '../warehouse/postgres/statements/corrected-rows.ts';
import type { Session } from '../warehouse/session.ts';
import { sql } from '../warehouse/sql.ts';

/** Enough to place the quantiles; more would only make planning slow. */
const PLANNED_AT_MOST = 400;

export interface Sample extends GridPartition {
  /** Rows that the planner expects the scans to yield. */
  readonly plannedRows: number;
}

export interface Sampled {
  /** Over all partitions of the interval. */
  readonly plannedRows: number;
  /** The few that are worth running, every era among them. */
  readonly samples: readonly Sample[];
}

/**
 * Rows from the planner over all partitions, to be joined with bytes and time of a few that are really run: that
 * combination was within 4 % on bytes, where the planner's own bytes are off fourfold.
 */
export async function choosePartitions(session: Session, plan: PartitionedPlan, partitions: number): Promise<Sampled> {
  const stride = Math.max(1, Math.ceil(partitions / PLANNED_AT_MOST));
  const slices = await session.rows<GridPartition & { isSpread: boolean }>(spreadPartitions(plan, stride));
  const planned: (Sample & { readonly isSpread: boolean })[] = [];
  for (const slice of slices) {
    const explain = sql(`EXPLAIN (FORMAT JSON) ${correctedRows(plan, slice)}`, slice.start, slice.end);
    planned.push({ ...slice, plannedRows: scannedRows(readExplain(await session.one(explain))) });
  }
  const ordinals = rehearsedOrdinals(planned.map(({ ordinal, era, plannedRows: rows }) => ({ ordinal, era, rows })));
  const spread = planned.filter(({ isSpread }) => isSpread);
  return {
    plannedRows: spread.reduce((sum, one) => sum + one.plannedRows, 0) * stride,
    samples: planned.filter(({ ordinal }) => ordinals.includes(ordinal)),
  };
}
