import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { enterBatch, rebuildPartition } from '../../activities/rebuild-partition.ts';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { cancelPredecessors, openAttempt, takeSlot } from '../../src/ledger/attempts.ts';
import { claimBatch } from '../../src/ledger/batches.ts';
import type { LedgerPartition } from '../../src/ledger/partitions.ts';
import { partitionsOfBatch } from '../../src/ledger/partitions.ts';
import { SHORT, withSession, withTransaction } from '../../src/warehouse/session.ts';
import type { Session } from '../../src/warehouse/session.ts';
import { sql } from '../../src/warehouse/sql.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';
import { failureOf } from '../support/sqlstate.ts';
import { waitFor } from '../support/wait-for.ts';

let world: SmallDataset;
let plan: BackfillPlan;
beforeEach(async () => {
  world = await createDataset();
  plan = await world.plan();
  await world.preserve();
});
afterEach(() => world.end());

const lane = <T>(number: number, use: (session: Session) => Promise<T>): Promise<T> =>
  withSession(world.deps.pool, { ...SHORT, applicationName: `backfill/fix-tax/${number}` }, use);

const open = async (session: Session, number = 1): Promise<number> =>
  (await session.one<{ fence: number }>(openAttempt('fix-tax', number))).fence;

const firstPartition = async (session: Session): Promise<LedgerPartition> => {
  const [partition] = await session.rows<LedgerPartition>(partitionsOfBatch('fix-tax', 1));
  if (partition === undefined) throw new Error('batch 1 has no partition');
  return partition;
};

describe('two attempts at one batch', () => {
  it('the older cannot begin once the newer has claimed, and leaves nothing', async () => {
    await lane(1, async (older) => {
      const stale = await open(older);
      await older.rows(claimBatch('fix-tax', 1, stale));
      await lane(1, async (newer) => newer.rows(claimBatch('fix-tax', 1, await open(newer))));
      const zombie = withTransaction(older, async () => {
        await enterBatch(older, plan, 1, stale, 2);
        await rebuildPartition(older, plan, await firstPartition(older), stale);
      });
      await expect(zombie).rejects.toMatchObject({ type: 'StaleFence' });
      expect(await older.rows(claimBatch('fix-tax', 1, stale))).toEqual([]);
    });
    expect(await world.query('SELECT FROM finance.sales_by_day_v2')).toEqual([]);
    expect(await world.query(`SELECT FROM governance.backfill_partitions WHERE state = 'built'`)).toEqual([]);
  });

  it('the newer waits while the older is inside its transaction, and both results are whole', async () => {
    await lane(1, async (older) => {
      const fence = await open(older);
      await older.rows(claimBatch('fix-tax', 1, fence));
      let claimed: Promise<unknown[]> | undefined;
      await withTransaction(older, async () => {
        await enterBatch(older, plan, 1, fence, 2);
        await rebuildPartition(older, plan, await firstPartition(older), fence);
        claimed = lane(1, async (newer) => newer.rows(claimBatch('fix-tax', 1, await open(newer))));
        await waitFor(
          async () =>
            (
              await world.query(
                `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'backfill/fix-tax/1'`,
              )
            ).length === 1,
          {
            timeoutMs: 10_000,
            describe: 'the newer attempt at the lock',
          },
        );
      });
      expect(await claimed).toMatchObject([{ batch: 1, partitions: 7 }]);
    });
    expect(await world.query('SELECT count(*)::int AS rows FROM finance.sales_by_day_v2')).toEqual([{ rows: 5 }]);
  });

  it('fences grow with every attempt, whatever its number', async () => {
    const fences = await lane(1, async (session) => [await open(session), await open(session, 2), await open(session)]);
    expect(fences).toEqual([...fences].sort((a, b) => a - b));
    expect(new Set(fences).size).toBe(3);
  });

  it('the newer cancels what the older still runs, and nobody else', async () => {
    const holder = await world.admin.connect();
    await holder.query('SELECT pg_advisory_lock(4711)');
    try {
      await lane(1, async (older) => {
        await open(older);
        await lane(2, async (neighbour) => {
          // Older than the newer attempt as well, and at work as long as the lock is held.
          await open(neighbour, 2);
          const zombie = failureOf(older.rows(sql('SELECT pg_sleep(60)')));
          const other = neighbour.rows<{ done: boolean }>(sql('SELECT pg_advisory_lock(4711), true AS done'));
          await waitFor(
            async () =>
              (
                await world.query(
                  `SELECT FROM pg_stat_activity WHERE application_name IN ('backfill/fix-tax/1', 'backfill/fix-tax/2') AND state = 'active'`,
                )
              ).length === 2,
            {
              timeoutMs: 10_000,
              describe: 'the statements of the older attempt and of the neighbour',
            },
          );
          await lane(1, async (newer) => {
            const fence = await open(newer);
            expect(await newer.rows(cancelPredecessors('fix-tax', 1, fence))).toEqual([
              { pid: older.backendPid, cancelled: true },
            ]);
          });
          expect((await zombie).code).toBe('57014');
          await holder.query('SELECT pg_advisory_unlock(4711)');
          expect(await other).toEqual([{ pg_advisory_lock: '', done: true }]);
        });
      });
    } finally {
      holder.release(true);
    }
  });
});

describe('slots', () => {
  it('let two of three sessions work at once, and give the place back at the end of the transaction', async () => {
    const take = async (client: pg.ClientBase): Promise<number | undefined> => {
      const { text, values } = takeSlot('fix-tax', 2);
      return (await client.query<{ slot: number }>(text, [...values])).rows[0]?.slot;
    };
    const clients = await Promise.all([1, 2, 3].map(() => world.deps.pool.connect()));
    const [first, second, third] = clients as [pg.PoolClient, pg.PoolClient, pg.PoolClient];
    try {
      for (const client of clients) await client.query('BEGIN');
      expect([await take(first), await take(second), await take(third)]).toEqual([0, 1, undefined]);
      await first.query('COMMIT');
      expect(await take(third)).toBe(0);
      const { text, values } = takeSlot('another-run', 2);
      expect((await first.query(text, [...values])).rows).toEqual([{ slot: 0 }]);
    } finally {
      for (const client of clients) {
        await client.query('ROLLBACK');
        client.release();
      }
    }
  });
});

describe('a claim', () => {
  it('run twice, and by two workers at once, ends with the same rows', async () => {
    await world.build();
    const rows = 'SELECT day, merchant, gross, net, tax FROM finance.sales_by_day_v2 ORDER BY 1, 2';
    const once = await world.query(rows);
    await world.query(`UPDATE governance.backfill_partitions SET state = 'planned'`);
    const claim = {
      backfillId: 'fix-tax',
      claim: { from: 1, to: 2 },
      limits: { maxConcurrency: 2, dailyBytesBudget: null },
    };
    const both = await Promise.allSettled([
      world.activities.rebuildClaim({ ...claim, lane: 1 }),
      world.activities.rebuildClaim({ ...claim, lane: 2 }),
    ]);
    expect(both.filter((one) => one.status === 'fulfilled').length).toBeGreaterThanOrEqual(1);
    for (const one of both) if (one.status === 'rejected') expect(one.reason).toMatchObject({ type: 'StaleFence' });
    expect(await world.query(rows)).toEqual(once);
    expect(once).toHaveLength(70);
  });
});
