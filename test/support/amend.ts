import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import type { SmallDataset } from './small-dataset.ts';

/** Says in the ledger that live writes restated a partition, and by how much each measure moved. */
export async function amend(
  world: SmallDataset,
  plan: BackfillPlan,
  partition: string,
  moved: Readonly<Record<string, number>> = {},
): Promise<void> {
  const at = (sign: 0 | 1) =>
    Object.fromEntries(
      Object.keys(plan.contract.measures).map((name) => [name, `${100 + sign * (moved[name] ?? 0)}`] as const),
    );
  await world.query(
    `INSERT INTO governance.backfill_evidence (backfill_id, kind, body, digest) VALUES ($1, 'amendment', $2, 'a')`,
    [plan.backfillId, { partition, before: at(0), after: at(1) }],
  );
}
