import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WatchGate } from '../../src/protocol/activities.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';
import { waitFor } from '../support/wait-for.ts';

describe('a live write while approval is awaited', () => {
  let world: SmallDataset;
  beforeEach(async () => {
    world = await createDataset();
    await world.plan();
    await world.preserve();
    await world.build();
    await world.conclude();
    await world.query(`UPDATE finance.sales_by_day SET gross = gross WHERE day = '2025-01-03'`);
  });
  afterEach(() => world.end());

  const watch = ({ signalled = null }: Partial<WatchGate>, dailyBytesBudget: number | null = null) =>
    world.activities.watchLiveWrites({
      backfillId: 'fix-tax',
      published: false,
      limits: { maxConcurrency: 1, dailyBytesBudget },
      gate: { signalled },
    });
  const builtAgain = async () =>
    world.query(`SELECT partition_start AS day FROM governance.backfill_partitions WHERE builds > 1 ORDER BY 1`);

  it('waits for the gate, with its reason, and is followed when it opens', async () => {
    await expect(watch({}, 1)).rejects.toMatchObject({
      type: 'GateClosed',
      nonRetryable: false,
      message: expect.stringContaining('bytes budget') as string,
    });
    expect(await builtAgain()).toEqual([]);
    expect(await watch({})).toMatchObject({ kind: 'rebuilt' });
    expect(await builtAgain()).toEqual([{ day: '2025-01-03' }]);
  });

  it('waits for a live pipeline that signalled, as the workflow says', async () => {
    await expect(watch({ signalled: 'nightly signalled that it runs' })).rejects.toMatchObject({
      type: 'GateClosed',
      message: 'nightly signalled that it runs',
    });
    expect(await builtAgain()).toEqual([]);
  });

  it('takes one of the places that the limits in force leave', async () => {
    const taken = await world.admin.connect();
    try {
      await taken.query('BEGIN');
      await taken.query(`SELECT pg_advisory_xact_lock(hashtext('controlled-backfill:fix-tax'), 0)`);
      const following = watch({});
      await waitFor(
        async () =>
          (
            await world.query(
              `SELECT FROM pg_stat_activity WHERE application_name = 'backfill/fix-tax/0' AND state <> 'idle' AND query LIKE '%pg_try_advisory_xact_lock%'`,
            )
          ).length > 0,
        { timeoutMs: 20_000, everyMs: 5, describe: 'the look for a place' },
      );
      expect(await builtAgain()).toEqual([]);
      expect(
        await world.query(
          `SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND a.application_name = 'backfill/fix-tax/0' AND l.granted`,
        ),
      ).toEqual([]);
      await taken.query('COMMIT');
      expect(await following).toMatchObject({ kind: 'rebuilt' });
    } finally {
      taken.release();
    }
  });
});
