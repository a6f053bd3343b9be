import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeAwaitGate } from '../../activities/await-gate.ts';
import { writeOnTrial } from '../../activities/disk-full.ts';
import type { WarehouseActivities } from '../../src/protocol/activities.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

let world: SmallDataset;
beforeEach(async () => {
  world = await createDataset();
  await world.plan();
  await world.preserve();
  await world.query(
    `CREATE FUNCTION finance.no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       RAISE 'could not extend file "base/1/2": No space left on device' USING ERRCODE = '53100'; END $$`,
  );
});
afterEach(() => world.end());

const LIMITS = { maxConcurrency: 1, dailyBytesBudget: null };
const claim = () =>
  world.activities.rebuildClaim({ backfillId: 'fix-tax', claim: { from: 1, to: 2 }, lane: 1, limits: LIMITS });

/** From a day on, the shadow meets a server that has no room left, as the server itself would say it. */
const fillDisk = (from: string) =>
  world.query(
    `CREATE TRIGGER no_room BEFORE INSERT ON finance.sales_by_day_v2 FOR EACH ROW
       WHEN (NEW.day >= date '${from}') EXECUTE FUNCTION finance.no_room()`,
  );
/** The same for whoever makes a table, temporary or not. */
const noTables = () =>
  world.query(
    `CREATE FUNCTION public.no_room() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
       RAISE 'No space left on device' USING ERRCODE = '53100'; END $$;
     CREATE EVENT TRIGGER no_room ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO') EXECUTE FUNCTION public.no_room()`,
  );
const freeDisk = () => world.query('DROP TRIGGER no_room ON finance.sales_by_day_v2');

describe('a full disk', () => {
  it('closes the gate with its reason, keeps what was committed, and the claim goes on when there is room', async () => {
    const [second] = await world.query<{ start: string }>(
      'SELECT partition_start AS start FROM governance.backfill_partitions WHERE batch = 2 ORDER BY ordinal LIMIT 1',
    );
    await fillDisk(second?.start ?? '');
    const stopped = await claim();
    expect(stopped.finished.map(({ batch }) => batch)).toEqual([1]);
    expect(stopped.rest).toEqual({ from: 2, to: 2 });
    expect(stopped.stopped).toMatchObject({ kind: 'gate', diskFull: true });
    expect(stopped.stopped).toHaveProperty(
      'reason',
      expect.stringMatching(/^the disk of the warehouse is full \(partition .*No space left on device\); free space/),
    );
    expect(stopped.counts.partitionsDone).toBe(7);
    await freeDisk();
    expect(await claim()).toMatchObject({ rest: null, stopped: null });
    const builds = 'SELECT DISTINCT builds FROM governance.backfill_partitions WHERE batch <= 2';
    expect(await world.query(builds)).toEqual([{ builds: 1 }]);
  });
});

describe.each<keyof Pick<WarehouseActivities, 'takeSnapshot' | 'proveIdempotency' | 'proveLogic'>>([
  'takeSnapshot',
  'proveIdempotency',
  'proveLogic',
])('%s', (name) => {
  it('fails with the reason for the gate, once, where the disk is full', async () => {
    await world.query('DROP TABLE finance.sales_before');
    await noTables();
    await expect(world.activities[name]({ backfillId: 'fix-tax' })).rejects.toMatchObject({
      type: 'DiskFull',
      nonRetryable: true,
      message: expect.stringMatching(/^the disk of the warehouse is full \(.*No space left on device\)/) as string,
    });
  });
});

describe('a row of the ledger', () => {
  it('is tried until there is room for it', async () => {
    await world.query(
      `CREATE TRIGGER no_room BEFORE UPDATE ON governance.backfill_runs FOR EACH ROW EXECUTE FUNCTION finance.no_room()`,
    );
    const status = { status: 'building', since: '2026-01-01T00:00:00Z', because: '', final: false } as const;
    await expect(world.activities.recordStatus({ backfillId: 'fix-tax', ...status })).rejects.toMatchObject({
      type: 'DiskFull',
      nonRetryable: false,
    });
  });
});

describe('the gate after a full disk', () => {
  const ask = (diskFull?: true, attempt = 2) =>
    new MockActivityEnvironment({ attempt }, { logger: new DefaultLogger('ERROR') }).run(makeAwaitGate(world.deps), {
      backfillId: 'fix-tax',
      limits: LIMITS,
      ...(diskFull === undefined ? {} : { diskFull }),
    });

  it('opens when a trial write succeeds, and leaves nothing of it', async () => {
    await ask(true);
    expect(await world.query(`SELECT FROM pg_class WHERE relname = 'backfill_trial'`)).toEqual([]);
  });

  it('stays closed at first: what failed gave its room back, and a trial would find it', async () => {
    await expect(ask(true, 1)).rejects.toMatchObject({
      type: 'StillWaiting',
      nextRetryDelay: 10_000,
      message: 'the disk of the warehouse was full a moment ago; it is tried in 10 s',
    });
  });

  it('stays closed while the trial finds no room; without that question it opens', async () => {
    await noTables();
    await expect(ask(true)).rejects.toMatchObject({
      type: 'StillWaiting',
      message: expect.stringMatching(/^the disk of the warehouse is full/) as string,
    });
    await ask();
    await expect(world.session(writeOnTrial)).rejects.toMatchObject({ code: '53100' });
  });
});
