import { builtColumns } from '../domain/added-column.ts';
import type { BackfillPlan } from '../domain/backfill-plan.ts';
import type { KeyRange } from '../domain/backfill-spec.ts';
import type { SampleRun } from '../domain/estimate.ts';
import type { Check } from '../domain/verdict.ts';
import { proofPartitions } from '../ledger/chosen-partitions.ts';
import type { EraSlice } from '../warehouse/postgres/statements/corrected-rows.ts';
import * as scratch from '../warehouse/postgres/statements/scratch.ts';
import type { Session } from '../warehouse/session.ts';
import { withTransaction } from '../warehouse/session.ts';
import { sql } from '../warehouse/sql.ts';
import { atPartition } from './scratch-rows.ts';

/**
 * Two plans for one query, so that what held by the luck of one plan differs: rows in the order of an index, then in that
 * of the heap; hashed, then sorted. Neither forces a scan of a whole source that has an index.
 */
const FIRST_BUILD_WITHOUT = ['enable_bitmapscan'];
const SECOND_BUILD_WITHOUT = ['enable_indexscan', 'enable_indexonlyscan', 'enable_hashagg', 'enable_hashjoin'];

async function withoutPaths(session: Session, settings: readonly string[]): Promise<void> {
  for (const setting of settings) await session.change(sql(`SET LOCAL ${setting} = off`));
}

/**
 * Builds one partition of median size a second time, beside built neighbours, in temporary tables. The two builds run in
 * transactions and under plans of their own, so that now(), random() and an unordered limit show themselves.
 */
export async function proveIdempotency(
  session: Session,
  plan: BackfillPlan,
  samples: readonly SampleRun[],
): Promise<readonly Check[]> {
  const slices = await session.rows<EraSlice & { chosen: boolean }>(proofPartitions(plan, samples));
  const chosen = slices.find((slice) => slice.chosen);
  if (chosen === undefined)
    return [proof('idempotency', 'inconclusive', 'the interval has no partition', 'two equal builds')];
  const build = (slice: EraSlice) => atPartition(plan, slice.start, session.rows(scratch.buildScratch(plan, slice)));
  await session.change(scratch.dropScratch());
  try {
    await withTransaction(session, async () => {
      for (const statement of scratch.createScratch(plan)) await session.change(statement);
      await withoutPaths(session, FIRST_BUILD_WITHOUT);
      for (const slice of slices) await build(slice);
      await session.change(scratch.keepFirstBuild());
    });
    await withTransaction(session, async () => {
      await withoutPaths(session, SECOND_BUILD_WITHOUT);
      await session.change(scratch.deleteScratch(plan, chosen));
      await build(chosen);
    });
    return await compare(session, plan, chosen);
  } finally {
    await session.change(scratch.dropScratch());
  }
}

async function compare(session: Session, plan: BackfillPlan, chosen: KeyRange): Promise<readonly Check[]> {
  const found = await session.one<scratch.ScratchComparison>(scratch.compareBuilds(plan, chosen));
  const differing = builtColumns(plan).filter((column) => (found.columns[column] ?? 0) > 0);
  const where = `partition ${chosen.start}`;
  return [
    proof(
      'idempotency',
      found.differing === 0 && found.rowsFirst === found.rowsSecond ? 'pass' : 'fail',
      found.differing === 0
        ? `${found.rowsSecond} rows of ${where}, built twice, equal`
        : `${found.differing} rows of ${where} differ between two builds, in column ${differing.join(', ') || 'keys'}`,
      'the same rows, every column equal',
    ),
    proof(
      'idempotency_keys',
      found.duplicates === 0 ? 'pass' : 'fail',
      `${found.duplicates} duplicate keys in ${where}`,
      `unique on (${plan.uniqueKey.join(', ')})`,
    ),
    proof(
      'idempotency_neighbours',
      found.neighbours === 0 && found.outside === 0 ? 'pass' : 'fail',
      `${found.neighbours} neighbouring rows changed, ${found.outside} rows outside their partition`,
      'none',
    ),
  ];
}

function proof(name: string, verdict: Check['verdict'], figure: string, limit: string): Check {
  return { name, level: 'proof', verdict, figure, limit };
}
