import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runLivePipeline } from '../../examples/daily-revenue/live-pipeline.ts';
import { compareWithTruth } from '../../examples/daily-revenue/truth.ts';
import { waitFor } from '../support/wait-for.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

const PARTIES = ['finance-data', 'business-intelligence', 'revenue-operations'];

describe('a live pipeline that writes all the time, also into old days', () => {
  let world: World;
  const stop = new AbortController();
  let pipeline: Promise<void>;
  const late: string[] = [];
  beforeAll(async () => {
    world = await createWorld();
    await world.startWorker();
    pipeline = runLivePipeline({
      url: world.urls['revenue_pipeline'] ?? '',
      signal: stop.signal,
      cycleMs: 900,
      busyMs: 200,
      lateEverySeconds: 2,
      log: (line) => {
        const text = typeof line === 'string' ? line : JSON.stringify(line);
        if (/late/.test(text)) late.push(text);
      },
    });
  });
  afterAll(async () => {
    stop.abort();
    await pipeline;
    await world.end();
  });

  it('loses no write from plan to completion, and every late day ends up corrected', async () => {
    const run = await world.start({
      set: { 'rollback.window': '4s', 'publication.late_drift': '{ partitions: "20%", measure: "5%" }' },
    });
    await run.reach('awaitingApproval');
    // Something must have come late, or the test proves nothing.
    await waitFor(async () => (await run.status()).partitions.rebuilt > 0, {
      timeoutMs: 60_000,
      describe: 'a late write to be rebuilt while approval is awaited',
    });
    await run.approve();
    await run.reach('awaitingSignOff');
    for (const by of PARTIES) await run.update('signOff', { by });
    expect(await run.result()).toMatchObject({ status: 'completed' });
    stop.abort();
    await pipeline;
    expect(await compareWithTruth(world.adminUrl)).toMatchObject({ missing: 0, unexpected: 0, different: 0 });
    const { rows } = await world.admin.query<{ base: string; shown: string }>(
      'SELECT (SELECT sum(net_revenue)::text FROM finance.daily_revenue) AS base, (SELECT sum(net_revenue)::text FROM finance.daily_revenue_current) AS shown',
    );
    expect(rows[0]?.base).toBe(rows[0]?.shown);
    expect(late.length).toBeGreaterThan(0);
  }, 300_000);
});
