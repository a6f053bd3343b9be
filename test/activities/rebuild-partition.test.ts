import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { enterBatch, rebuildPartition } from '../../activities/rebuild-partition.ts';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { openAttempt } from '../../src/ledger/attempts.ts';
import { claimBatch } from '../../src/ledger/batches.ts';
import type { LedgerPartition } from '../../src/ledger/partitions.ts';
import { partitionsOfBatch } from '../../src/ledger/partitions.ts';
import { SHORT, withSession, withTransaction } from '../../src/warehouse/session.ts';
import { CORRECTED } from '../support/sales-scenario.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

describe('rebuilding a partition', () => {
  let world: SmallDataset;
  let plan: BackfillPlan;
  beforeEach(async () => {
    world = await createDataset();
    plan = await world.plan();
    await world.preserve();
  });
  afterEach(() => world.end());

  const rebuild = (transform: string): Promise<unknown> =>
    withSession(world.deps.pool, SHORT, async (session) => {
      const { fence } = await session.one<{ fence: number }>(openAttempt('fix-tax', 1));
      await session.rows(claimBatch('fix-tax', 1, fence));
      const partition = (await session.rows<LedgerPartition>(partitionsOfBatch('fix-tax', 1)))[2] as LedgerPartition;
      const changed = { ...plan, eras: plan.eras.map((era) => ({ ...era, text: transform })) };
      return withTransaction(session, async () => {
        await enterBatch(session, plan, 1, fence, 2);
        return rebuildPartition(session, changed, partition, fence);
      });
    });
  const rows = async (): Promise<number> => (await world.query('SELECT FROM finance.sales_by_day_v2')).length;

  it('keeps the rows of its partition', async () => {
    await rebuild(CORRECTED);
    expect(await rows()).toBe(5);
  });

  it('refuses a transform whose rows lie in another partition, and keeps none of them', async () => {
    const leaking = `${CORRECTED} UNION ALL SELECT day + 1, merchant, gross, net, tax FROM (${CORRECTED}) leaked WHERE merchant = 2`;
    await expect(rebuild(leaking)).rejects.toMatchObject({
      type: 'DataRefused',
      message: expect.stringMatching(
        /^partition 2025-01-03 of finance\.sales_by_day: the transform yields 1 rows that lie outside the partition/,
      ) as string,
    });
    expect(await rows()).toBe(0);
  });
});
