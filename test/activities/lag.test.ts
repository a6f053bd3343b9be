import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WatchOutcome } from '../../src/protocol/activities.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

let world: SmallDataset;
beforeEach(async () => {
  world = await createDataset();
  await world.plan();
  await world.preserve();
  await world.build();
});
afterEach(() => world.end());

const watch = (published: boolean): Promise<WatchOutcome> =>
  world.activities.watchLiveWrites({ backfillId: 'fix-tax', published });
const publish = () =>
  world.activities.publishRelease({
    backfillId: 'fix-tax',
    windowMs: 60_000,
    limits: { maxConcurrency: 1, dailyBytesBudget: null },
  });
const lateWrite = () =>
  world.as('revenue_pipeline', `UPDATE finance.sales_by_day SET net = net WHERE day = '2025-01-03' AND merchant = 2`);
const told = async (kind: string) =>
  (await world.query('SELECT FROM governance.backfill_events WHERE kind = $1', [kind])).length;
const announced = () =>
  world.query(`SELECT body ->> 'dataset' AS dataset FROM governance.announcements WHERE kind = 'lagging'`);

/** A pipeline that writes into every partition while it is rebuilt: no pass leaves less than it found. */
async function writeIntoEveryRebuild(): Promise<void> {
  await world.query(
    `CREATE FUNCTION public.write_again() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN INSERT INTO governance.dirty_partitions (backfill_id, key) VALUES (NEW.backfill_id, NEW.partition_start); RETURN NULL; END $$;
     CREATE TRIGGER write_again AFTER UPDATE ON governance.backfill_partitions FOR EACH ROW WHEN (NEW.builds > OLD.builds) EXECUTE FUNCTION public.write_again()`,
  );
}

/** That it has been so for most of a minute already. */
async function measuredSoFar(): Promise<void> {
  await world.query(
    `UPDATE governance.backfill_runs SET status_since = clock_timestamp() - interval '1 hour';
     INSERT INTO governance.catch_ups (backfill_id, began_at, ended_at, partitions, dirty_before, dirty_after)
     SELECT 'fix-tax', clock_timestamp() - n * interval '1.6 seconds', clock_timestamp() - n * interval '1.6 seconds' + interval '1.5 seconds', 1, 1, 1 FROM generate_series(30, 1, -1) n`,
  );
}

describe('a pipeline that dirties partitions faster than they are rebuilt', () => {
  const reason =
    /^live writes dirty [\d.]+ partitions of finance\.sales_by_day a second, and rebuilding one takes .+: the product is 1/;

  it('stops the evidence, with both figures and what to do', async () => {
    await writeIntoEveryRebuild();
    await measuredSoFar();
    await lateWrite();
    await expect(world.conclude()).rejects.toThrow(reason);
    await expect(world.conclude()).rejects.toThrow('Retry when the pipeline writes less into the interval');
  });

  it('stops the wait for approval and the switch, and the run is asked nothing', async () => {
    await world.conclude();
    await world.approve();
    await writeIntoEveryRebuild();
    await measuredSoFar();
    await lateWrite();
    expect(await watch(false)).toMatchObject({ kind: 'diverges', liveWrites: { converges: false, openMarks: 1 } });
    const outcome = await publish();
    expect(outcome).toMatchObject({ kind: 'diverges', liveWrites: { dirtyPartitions: 1 } });
    expect(await world.query('SELECT FROM governance.data_releases')).toEqual([]);
  });

  it('does not stop what follows a release, which says so', async () => {
    await world.conclude();
    await world.approve();
    await world.publish();
    await writeIntoEveryRebuild();
    await measuredSoFar();
    await lateWrite();
    expect(await watch(true)).toMatchObject({ kind: 'rebuilt', liveWrites: { converges: false, openMarks: 1 } });
  });

  it('is measured anew when a person tries again', async () => {
    await world.conclude();
    await world.approve();
    await writeIntoEveryRebuild();
    await measuredSoFar();
    await world.query('UPDATE governance.backfill_runs SET status_since = clock_timestamp()');
    await lateWrite();
    expect(await watch(false)).toMatchObject({ kind: 'rebuilt', liveWrites: { converges: null, openMarks: 1 } });
  });
});

describe('what is measured', () => {
  it('comes to an end where the last pass leaves nothing, and keeps few rows', async () => {
    await measuredSoFar();
    await world.query(
      `INSERT INTO governance.catch_ups (backfill_id, began_at, ended_at, partitions, dirty_before, dirty_after)
       SELECT 'fix-tax', clock_timestamp(), clock_timestamp() - interval '3 minutes', 1, 1, 1 FROM generate_series(1, 200);
       INSERT INTO governance.catch_ups (backfill_id, began_at, partitions, dirty_before, dirty_after)
       SELECT 'fix-tax', clock_timestamp(), 1, 1, 0 FROM generate_series(1, 20)`,
    );
    await lateWrite();
    const { liveWrites } = await world.conclude();
    expect(liveWrites).toMatchObject({ openMarks: 0, dirtyPartitions: 0, oldestMarkAt: null, converges: true });
    expect(liveWrites?.secondsPerRebuild).toBeGreaterThan(0);
    const [kept] = await world.query<{ rows: number }>('SELECT count(*)::int AS rows FROM governance.catch_ups');
    expect(kept?.rows).toBeLessThan(60);
  });
});

describe('a lag of a release', () => {
  beforeEach(async () => {
    await world.conclude();
    await world.approve();
    await world.publish();
    await lateWrite();
  });
  const markedAnHourAgo = () =>
    world.query(`UPDATE governance.dirty_partitions SET at = clock_timestamp() - interval '1 hour'`);

  it('beyond its limit is an event and an announcement, each once, until the writes are followed', async () => {
    await markedAnHourAgo();
    const first = await watch(true);
    expect(first).toMatchObject({ kind: 'lag', liveWrites: { openMarks: 1, dirtyPartitions: 1 } });
    expect(first.kind === 'lag' && first.liveWrites.beyondLimitSince).toBeTruthy();
    expect(await told('live writes lag')).toBe(1);
    expect(await announced()).toEqual([{ dataset: 'finance.sales_by_day' }]);
    expect(await watch(true)).toMatchObject({ kind: 'rebuilt', liveWrites: { beyondLimitSince: null, openMarks: 0 } });
    expect(await told('live writes lag')).toBe(1);
    expect(await told('live writes followed')).toBe(1);
    expect(await announced()).toHaveLength(1);
  });

  it('is told also while nothing is followed, because the run is held', async () => {
    await markedAnHourAgo();
    const look = () => world.activities.watchLiveWrites({ backfillId: 'fix-tax', published: true, pointerOnly: true });
    expect(await look()).toMatchObject({ kind: 'lag' });
    await expect(look()).rejects.toMatchObject({ type: 'StillWaiting' });
    expect(await announced()).toHaveLength(1);
    expect(await world.query('SELECT FROM governance.dirty_partitions')).toHaveLength(1);
  });

  it('within its limit is nobody’s concern', async () => {
    expect(await watch(true)).toMatchObject({ kind: 'rebuilt', liveWrites: { beyondLimitSince: null } });
    expect(await told('live writes lag')).toBe(0);
    expect(await announced()).toEqual([]);
  });
});
