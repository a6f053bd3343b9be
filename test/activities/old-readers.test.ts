import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import pg from 'pg';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

const RUN = { backfillId: 'fix-tax' };
const TOTAL = 'SELECT sum(net)::text AS total, count(*)::int AS rows FROM finance.sales_current';

describe('a transaction with one snapshot that began while the release was shown', () => {
  let world: SmallDataset;
  let reader: pg.Client;
  let read: () => Promise<unknown>;
  let corrected: unknown;
  beforeEach(async () => {
    world = await createDataset();
    await world.plan();
    await world.preserve();
    await world.build();
    await world.conclude();
    await world.approve();
    const [old] = await world.query(TOTAL);
    await world.publish();
    reader = new pg.Client({ connectionString: world.urls.dashboard });
    await reader.connect();
    await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    read = async () => (await reader.query<Record<string, unknown>>(TOTAL)).rows[0];
    corrected = await read();
    expect(corrected).not.toEqual(old);
  });
  afterEach(async () => {
    await reader.end();
    await world.end();
  });

  const waits = {
    type: 'StillRead',
    message: expect.stringMatching(
      /^finance\.sales_current stays as it is until those have ended .*: dashboard \(pid \d+, in a transaction since .*\); nobody is stopped$/,
    ) as string,
  };

  it('goes on seeing it while its rows move into the base and the overlay is retired', async () => {
    await world.signOff();
    const limits = { maxConcurrency: 1, dailyBytesBudget: null };
    expect(await world.activities.consolidateClaim({ ...RUN, limits })).toMatchObject({ done: true, stopped: null });
    await expect(world.activities.retireOverlay(RUN)).rejects.toMatchObject(waits);
    await expect(world.activities.cleanUp({ ...RUN, keepSnapshot: true })).rejects.toMatchObject(waits);
    expect(await read()).toEqual(corrected);
    await reader.query('COMMIT');
    expect(await world.activities.retireOverlay(RUN)).toEqual({ retired: true });
    expect((await world.activities.cleanUp({ ...RUN, keepSnapshot: true })).dropped).toHaveLength(1);
    expect(await read()).toEqual(corrected);
  });

  it('goes on seeing it after it was rolled back and closed', async () => {
    await world.activities.rollBackRelease({ ...RUN, by: 'olaf', reason: 'wrong' });
    await expect(world.activities.cleanUp({ ...RUN, keepSnapshot: false })).rejects.toMatchObject(waits);
    expect(await read()).toEqual(corrected);
    await reader.query('COMMIT');
    expect((await world.activities.cleanUp({ ...RUN, keepSnapshot: false })).dropped).toHaveLength(3);
    expect(await read()).not.toEqual(corrected);
  });
});
