import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { holdRun } from '../../examples/daily-revenue/hold-run.ts';
import { changedContracts, sleepingOn } from '../support/contracts.ts';
import { waitFor } from '../support/wait-for.ts';
import type { Started, World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

describe('the gate', () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld();
    await world.startWorker();
  });
  afterAll(() => world.end());

  const waitsOn = (run: Started, what: RegExp) =>
    waitFor(
      async () => {
        const now = await run.status();
        return now.status === 'building' && what.test(now.waitingOn?.reason ?? '') ? now : null;
      },
      { timeoutMs: 60_000, describe: `the run to wait on ${what.source}` },
    );
  const finish = async (run: Started): Promise<void> => {
    await run.reach('awaitingApproval');
    await run.update('abort', { by: 'dora', reason: 'done' });
    await run.result();
  };

  it('is closed while the probe sees the live pipeline run, and says so', async () => {
    const over = new AbortController();
    const held = holdRun(world.urls['revenue_pipeline'] ?? '', 120_000, over.signal);
    await waitFor(
      async () =>
        ((await world.admin.query('SELECT 1 FROM staging.pipeline_runs WHERE finished_at IS NULL')).rowCount ?? 0) > 0,
      { timeoutMs: 10_000, describe: 'the pipeline run to begin' },
    );
    const run = await world.start();
    const waiting = await waitsOn(run, /the live pipeline month-end-close runs since/);
    expect(waiting.partitions.done).toBe(0);
    over.abort();
    await held;
    await finish(run);
  });

  it('is closed by the pipeline’s own signal and opened by its end', async () => {
    const run = await world.start({ set: { 'execution.partitions_per_batch': '1', 'execution.max_concurrency': '1' } });
    const rebuilding = async (): Promise<number> =>
      (
        await world.admin.query(
          `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE 'INSERT INTO "finance"."daily_revenue_v2"%'`,
        )
      ).rowCount ?? 0;
    await waitFor(async () => (await rebuilding()) > 0, { timeoutMs: 60_000, everyMs: 1, describe: 'a statement' });
    await run.signal('livePipelineStarted', { name: 'nightly' });
    const waiting = await waitsOn(run, /the live pipeline nightly signalled that it runs/);
    expect(waiting.waitingOn?.until).toBeDefined();
    expect(await rebuilding()).toBe(0);
    await run.signal('livePipelineStarted', { name: 'hourly' });
    await waitsOn(run, /the live pipelines nightly, hourly signalled that they run/);
    await run.signal('livePipelineFinished', { name: 'nightly' });
    await waitsOn(run, /the live pipeline hourly signalled that it runs/);
    await run.signal('livePipelineFinished', { name: 'hourly' });
    await finish(run);
  });

  it('is closed when the day’s bytes are spent, and opened by a larger budget', async () => {
    const run = await world.start({ set: { 'execution.daily_bytes_budget': '"2MB"' } });
    const waiting = await waitsOn(run, /the daily bytes budget of 2\.0 MB is spent/);
    expect(waiting.waitingOn?.until).toMatch(/T00:00:00/);
    expect(waiting.partitions.done).toBeGreaterThan(0);
    expect(waiting.partitions.done).toBeLessThan(547);
    expect(await run.update('setLimits', { by: 'dora', daily_bytes_budget: '500GB' })).toMatchObject({ ok: true });
    await finish(run);
  });

  it('a pause stops at a partition boundary, nothing runs on unseen, and a resume goes on', async () => {
    const run = await world.start({ set: { 'execution.partitions_per_batch': '1' } });
    await waitFor(async () => (await run.status()).partitions.done > 0, {
      timeoutMs: 60_000,
      describe: 'the first partitions',
    });
    expect(await run.update('pause', { by: 'dora', reason: 'month end' })).toMatchObject({ ok: true });
    await waitsOn(run, /paused by dora: month end/);
    await waitFor(
      async () => {
        const { rowCount } = await world.admin.query(
          'SELECT 1 FROM governance.backfill_attempts WHERE backfill_id = $1 AND ended_at IS NULL',
          [run.id],
        );
        return rowCount === 0;
      },
      { timeoutMs: 10_000, describe: 'every lane to be idle' },
    );
    const before = (await run.status()).partitions.done;
    expect(before).toBeLessThan(547);
    expect(await run.update('pause', { by: 'dora', reason: 'month end' })).toMatchObject({
      ok: true,
      answer: expect.stringMatching(/nothing to do/) as string,
    });
    expect(await run.update('resume', { by: 'dora' })).toMatchObject({ ok: true });
    await finish(run);
    const { rows } = await world.admin.query(
      'SELECT max(builds) AS builds FROM governance.backfill_partitions WHERE backfill_id = $1',
      [run.id],
    );
    expect(rows).toEqual([{ builds: 1 }]);
  });

  it('is closed while the disk is full, whatever step meets it, and opens by itself when there is room', async () => {
    await world.admin.query(
      `CREATE FUNCTION public.no_room() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
         IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity ~ 'daily_revenue_pre_fin_2841|backfill_trial') THEN
           RAISE 'No space left on device' USING ERRCODE = '53100'; END IF; END $$;
       CREATE EVENT TRIGGER no_room ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO') EXECUTE FUNCTION public.no_room()`,
    );
    const run = await world.start();
    await waitFor(
      async () => {
        const { status, waitingOn } = await run.status();
        return (
          status === 'preserving' && waitingOn?.reason.startsWith('the disk of the warehouse is full (No space left')
        );
      },
      { timeoutMs: 60_000, describe: 'the snapshot to meet a full disk' },
    );
    await world.admin.query('DROP EVENT TRIGGER no_room');
    await finish(run);
  });

  it('a statement that runs longer than its timeout is tried three times, then holds the run and names its partition', async () => {
    const contracts = await changedContracts('transforms/daily_revenue.corrected.v1.sql', sleepingOn('2025-01-10', 30));
    await world.stopWorker();
    await world.startWorker({ contracts });
    const run = await world.start({ set: { 'execution.query_timeout': '3s' } });
    const held = await run.reach('held');
    expect(held.hold?.reason).toMatch(
      /^rebuildClaim: partition 2025-01-10 of finance\.daily_revenue: its statement ran longer than execution\.query_timeout \(3 s\), 3 of 3 times; retry when the warehouse is quieter/,
    );
    await run.update('abort', { by: 'dora', reason: 'done' });
    await run.result();
    await rm(contracts, { recursive: true, force: true });
  });
});
