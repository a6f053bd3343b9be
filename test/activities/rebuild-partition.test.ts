import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { enterBatch, rebuildPartition } from '../../activities/rebuild-partition.ts';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { openAttempt } from '../../src/ledger/attempts.ts';
import { claimBatch } from '../../src/ledger/batches.ts';
import type { LedgerPartition } from '../../src/ledger/partitions.ts';
import { partitionsOfBatch } from '../../src/ledger/partitions.ts';
import { recordSpending } from '../../src/ledger/spending.ts';
import { measuredWork, readExplain } from '../../src/warehouse/postgres/explain.ts';
import { deleteSlice } from '../../src/warehouse/postgres/statements/delete-slice.ts';
import { insertSlice } from '../../src/warehouse/postgres/statements/insert-slice.ts';
import { SHORT, withRollback, withSession, withTransaction } from '../../src/warehouse/session.ts';
import { sql } from '../../src/warehouse/sql.ts';
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

  it('counts the blocks that its insert scans, and nothing that the session read before', async () => {
    const counted = await withSession(world.deps.pool, SHORT, async (session) => {
      // What somebody else read in this session stays pending for a second or longer.
      await session.rows(sql('SELECT * FROM staging.sales'));
      const { fence } = await session.one<{ fence: number }>(openAttempt('fix-tax', 1));
      await session.rows(claimBatch('fix-tax', 1, fence));
      const counts: unknown[] = [];
      for (const partition of await session.rows<LedgerPartition>(partitionsOfBatch('fix-tax', 1))) {
        const { bytes, cachedBytes } = await withTransaction(session, async () => {
          await enterBatch(session, plan, 1, fence, 2);
          const work = await rebuildPartition(session, plan, partition, fence);
          await session.change(recordSpending('fix-tax', { what: 'build', ...work }));
          return work;
        });
        counts.push({ bytes, cachedBytes });
      }
      return counts;
    });
    const explained = await withSession(world.deps.pool, SHORT, async (session) => {
      const scans: unknown[] = [];
      for (const partition of await session.rows<LedgerPartition>(partitionsOfBatch('fix-tax', 1))) {
        const { text, values } = insertSlice(plan, partition);
        const { bytes, cachedBytes } = await withRollback(session, async () => {
          await session.change(deleteSlice(plan, partition));
          return measuredWork(
            readExplain(await session.one(sql(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${text}`, ...values))),
          );
        });
        scans.push({ bytes, cachedBytes });
      }
      return scans;
    });
    expect(counted).toEqual(explained);
    expect(counted).toHaveLength(7);
    expect(counted[0]).not.toMatchObject({ bytes: 0 });
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
