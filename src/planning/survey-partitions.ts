import type { PartitionSurvey, Some } from '../domain/partition-survey.ts';
import { outliers } from '../domain/partition-survey.ts';
import { eraSizes, missingPartitions } from '../ledger/chosen-partitions.ts';
import type { PartitionedPlan } from '../ledger/partitions.ts';
import { correctedRows } from '../warehouse/postgres/statements/corrected-rows.ts';
import type { Session } from '../warehouse/session.ts';
import { sql } from '../warehouse/sql.ts';
import type { Sampled } from './sample-partitions.ts';

/** A person reads this many; the others are counted. */
const LISTED = 20;
/** Where the planner expects no more than this, there may be nothing. */
const NEXT_TO_NOTHING = 1;
/** Looked into, because each costs a statement. */
const LOOKED_INTO = 100;

/** Missing days, empty partitions, outliers and eras: what a person should know of the interval before it is rebuilt. */
export async function surveyPartitions(
  session: Session,
  plan: PartitionedPlan,
  { sizes }: Sampled,
): Promise<PartitionSurvey> {
  const missing = await session.rows<{ start: string; count: number }>(missingPartitions(plan, LISTED));
  const eras = await session.rows<{ era: number; partitions: number; batches: number }>(eraSizes(plan));
  return {
    planned: sizes.length,
    missing: { count: missing[0]?.count ?? 0, first: missing.map(({ start }) => start) },
    empty: await emptyPartitions(session, plan, sizes),
    outliers: outliers(sizes),
    eras: eras.map(({ era, partitions, batches }) => {
      const { from = '', file = '', sha256 = '' } = plan.eras[era - 1] ?? {};
      return { from, file, sha256, partitions, batches };
    }),
  };
}

async function emptyPartitions(session: Session, plan: PartitionedPlan, sizes: Sampled['sizes']): Promise<Some> {
  const found: string[] = [];
  for (const slice of sizes.filter(({ rows }) => rows <= NEXT_TO_NOTHING).slice(0, LOOKED_INTO)) {
    const look = sql(
      `SELECT EXISTS (SELECT FROM (\n${correctedRows(plan, slice)}\n) built) AS yields`,
      slice.start,
      slice.end,
    );
    if (!(await session.one<{ yields: boolean }>(look)).yields) found.push(slice.start);
  }
  return { count: found.length, first: found.slice(0, LISTED) };
}
