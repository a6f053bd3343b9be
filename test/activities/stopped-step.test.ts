import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { CancelledFailure } from '@temporalio/activity';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createWarehouseActivities } from '../../activities/index.ts';
import type { WarehouseActivities } from '../../src/protocol/activities.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';
import { waitFor } from '../support/wait-for.ts';

let world: SmallDataset;
beforeEach(async () => {
  world = await createDataset();
  await world.plan();
  await world.activities.installCapture({ backfillId: 'fix-tax' });
});
afterEach(() => world.end());

/** Whoever makes a table, temporary or not, comes to its end only when somebody cancels it. */
const holdTables = () =>
  world.query(
    `CREATE FUNCTION public.hold() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(600); END $$;
     CREATE EVENT TRIGGER hold ON ddl_command_start WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO') EXECUTE FUNCTION public.hold()`,
  );

const sleepers = () =>
  world.query(
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep' AND pid <> pg_backend_pid()`,
  );

describe.each<keyof Pick<WarehouseActivities, 'takeSnapshot' | 'proveIdempotency' | 'proveLogic'>>([
  'takeSnapshot',
  'proveIdempotency',
  'proveLogic',
])('%s', (name) => {
  it('ends when a stop is asked for, leaves no statement and no table, and is done when it is called again', async () => {
    const tables = `SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'finance'::regnamespace ORDER BY 1`;
    const before = await world.query(tables);
    await holdTables();
    const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
    const activities = createWarehouseActivities(world.deps);
    const ended = expect(
      environment.run((input: { backfillId: string }): Promise<unknown> => activities[name](input), {
        backfillId: 'fix-tax',
      }),
    ).rejects.toBeInstanceOf(CancelledFailure);
    await waitFor(async () => (await sleepers()).length > 0, { timeoutMs: 10_000, describe: 'the statement to run' });
    environment.cancel();
    await ended;
    expect(await sleepers()).toEqual([]);
    expect(await world.query(tables)).toEqual(before);
    await world.query('DROP EVENT TRIGGER hold');
    await world.activities[name]({ backfillId: 'fix-tax' });
  });
});

describe('publishRelease', () => {
  it('ends between two tries when a stop is asked for, and readers were not switched', async () => {
    await world.activities.takeSnapshot({ backfillId: 'fix-tax' });
    await world.activities.createShadow({ backfillId: 'fix-tax' });
    await world.build();
    await world.conclude();
    await world.approve();
    const limits = { maxConcurrency: 1, dailyBytesBudget: null };
    const writer = await world.admin.connect();
    try {
      await writer.query(`BEGIN; UPDATE finance.sales_by_day SET tax = tax WHERE day = '2025-01-16'`);
      const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
      const tried = new Promise<void>((resolve) => {
        environment.on('heartbeat', (details: { readonly last?: string }) => {
          if (details.last !== undefined && details.last !== 'nothing was tried') resolve();
        });
      });
      const activities = createWarehouseActivities(world.deps);
      const ended = expect(
        environment.run((): Promise<unknown> =>
          activities.publishRelease({ backfillId: 'fix-tax', windowMs: 1_000, limits }),
        ),
      ).rejects.toBeInstanceOf(CancelledFailure);
      await tried;
      environment.cancel();
      await ended;
    } finally {
      await writer.query('ROLLBACK');
      writer.release();
    }
    const look = { backfillId: 'fix-tax', windowMs: 0, limits, lookOnly: true } as const;
    expect(await world.activities.publishRelease(look)).toEqual({ kind: 'notPublished' });
    expect(await world.publish()).toBe('FIN-1');
    expect(await world.activities.publishRelease(look)).toMatchObject({ kind: 'published' });
  });
});
