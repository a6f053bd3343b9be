import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { datasetWith } from './drafts.ts';
import type { ReplanOutcome } from '../../src/protocol/activities.ts';
import type { SmallDataset } from './small-dataset.ts';

export const RUN = { backfillId: 'fix-tax' };

/** What a run is told of the failure of an activity, and its type. */
export async function refusalOf(work: Promise<unknown>): Promise<{ type: string; message: string }> {
  try {
    await work;
  } catch (error) {
    const { type, message } = error as { type?: string; message: string };
    return { type: type ?? 'none', message };
  }
  return { type: 'none', message: 'nothing was refused' };
}

export async function proposal(world: SmallDataset): Promise<Extract<ReplanOutcome, { kind: 'proposed' }>> {
  const outcome = await world.activities.replan({ ...RUN, by: 'olaf', planHash: null });
  if (outcome.kind !== 'proposed') throw new Error(JSON.stringify(outcome));
  return outcome;
}

/** Reviewed and carried. */
export async function replan(world: SmallDataset, by = 'olaf'): Promise<Extract<ReplanOutcome, { kind: 'replanned' }>> {
  const { planHash } = await proposal(world);
  const outcome = await world.activities.replan({ ...RUN, by, planHash });
  if (outcome.kind !== 'replanned') throw new Error(JSON.stringify(outcome));
  return outcome;
}

/** The reason against it. */
export async function noReplan(world: SmallDataset, planHash: string | null = null): Promise<string> {
  const outcome = await world.activities.replan({ ...RUN, by: 'olaf', planHash });
  return outcome.kind === 'refused' ? outcome.reason : `${outcome.kind}, not refused`;
}

/** A file of the contract, written anew. */
export async function editContract(world: SmallDataset, file: string, edit: (text: string) => string): Promise<void> {
  const path = join(world.deps.contracts.folder, file);
  await writeFile(path, edit(await readFile(path, 'utf8')));
}

/** A column more is yielded. */
export const yielding =
  (column: string) =>
  (sql: string): string =>
    sql.replace('\nfrom staging.sales s', `,\n  ${column}\nfrom staging.sales s`);

export const LIMITS = { maxConcurrency: 1, dailyBytesBudget: null };
export const TABLE = 'ALTER TABLE finance.sales_by_day';
export const VIEW_OF_ALL = 'day, merchant, gross, net, tax, updated_at';

/** What a reader should see, worked out from the sources alone: the corrected logic inside, the pipeline's own rows outside. */
const truth = (extra: string): string => `
  SELECT day, merchant, sum(gross) AS gross, sum(gross - CASE WHEN merchant % 2 = 1 THEN tax ELSE 0 END) AS net, ${extra}
    FROM staging.sales GROUP BY day, merchant`;
export const differing = async (
  world: SmallDataset,
  relation: string,
  column: string,
  extra: string,
): Promise<number> => {
  const [row] = await world.query<{ rows: number }>(
    `SELECT count(*)::int AS rows FROM (SELECT day, merchant, gross, net, ${column} FROM ${relation}) shown FULL JOIN (${truth(extra)}) truth USING (day, merchant)
      WHERE (shown.gross, shown.net, shown.${column}) IS DISTINCT FROM (truth.gross, truth.net, truth.${column})`,
  );
  return row?.rows ?? -1;
};

/** Everything built, nothing concluded. */
export async function built(): Promise<SmallDataset> {
  const world = await datasetWith();
  await world.plan();
  await world.preserve();
  await world.build();
  return world;
}
