import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runLivePipeline } from '../../examples/daily-revenue/live-pipeline.ts';
import { compareWithTruth } from '../../examples/daily-revenue/truth.ts';
import { changedContracts } from '../support/contracts.ts';
import { waitFor } from '../support/wait-for.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

const PARTIES = ['finance-data', 'business-intelligence', 'revenue-operations'];
const DAYS = 547;
/** The days into which the pipeline writes late: fewer than the five that an approval covers. */
const LATE = [40, 41, 300];

describe('where no trigger may be created, under a pipeline that writes a late row every second', () => {
  let world: World;
  let contracts: string;
  const stop = new AbortController();
  let pipeline: Promise<void>;
  beforeAll(async () => {
    contracts = await changedContracts('daily_revenue.contract.yaml', (text) =>
      text.replace('live_pipeline:', 'live_pipeline:\n  capture: fingerprints'),
    );
    world = await createWorld(100);
    // Nobody may create one on the base table, whoever asks.
    await world.admin.query(
      `CREATE FUNCTION public.no_triggers() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
         IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_type = 'trigger') THEN RAISE EXCEPTION 'no trigger here'; END IF; END $$;
       CREATE EVENT TRIGGER no_triggers ON ddl_command_end WHEN TAG IN ('CREATE TRIGGER') EXECUTE FUNCTION public.no_triggers()`,
    );
    await world.startWorker({ contracts });
    let draws = 0;
    pipeline = runLivePipeline({
      url: world.urls['revenue_pipeline'] ?? '',
      signal: stop.signal,
      cycleMs: 500,
      busyMs: 50,
      lateEverySeconds: 1,
      random: () => {
        draws += 1;
        const day = LATE[Math.floor(draws / 2) % LATE.length] ?? 0;
        return draws % 2 === 1 ? (day + 0.5) / DAYS : (draws % 97) / 97;
      },
      log: () => undefined,
    });
  });
  afterAll(async () => {
    stop.abort();
    await pipeline;
    await world.end();
    await rm(contracts, { recursive: true, force: true });
  });

  const count = async (text: string): Promise<number> => (await world.admin.query(text)).rowCount ?? 0;

  it('a backfill is published and moved into the base, and no write is lost', async () => {
    const run = await world.start({ set: { 'rollback.window': '8s' } });
    await run.reach('awaitingApproval');
    await run.approve();
    await run.reach('observing');
    const followed = `SELECT FROM governance.backfill_evidence e JOIN governance.data_releases r USING (backfill_id) WHERE e.kind = 'amendment' AND e.created_at > r.published_at`;
    await waitFor(async () => (await count(followed)) > 0, {
      timeoutMs: 30_000,
      describe: 'a late write to be followed in the release',
    });
    const { liveWrites } = await run.status();
    expect(liveWrites?.comparedAsOf).toBeTruthy();
    await run.reach('awaitingSignOff');
    for (const by of PARTIES) await run.update('signOff', { by });
    expect(await run.result()).toMatchObject({ status: 'completed' });
    stop.abort();
    await pipeline;
    expect(await compareWithTruth(world.adminUrl)).toMatchObject({ missing: 0, unexpected: 0, different: 0 });
    expect(await count(`SELECT FROM pg_trigger WHERE tgname LIKE 'backfill%'`)).toBe(0);
  }, 120_000);
});
