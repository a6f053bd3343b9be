import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HELD_RUN_NAME, holdRun } from '../../examples/daily-revenue/hold-run.ts';
import type { PipelineLogEntry } from '../../examples/daily-revenue/live-pipeline.ts';
import { runLivePipeline } from '../../examples/daily-revenue/live-pipeline.ts';
import { derivedRolePassword } from '../../examples/daily-revenue/roles.ts';
import { readScenarioFile } from '../../examples/daily-revenue/scenario.ts';
import { seedDailyRevenue } from '../../examples/daily-revenue/seed.ts';
import { compareWithTruth } from '../../examples/daily-revenue/truth.ts';
import { withClient } from '../../examples/daily-revenue/with-client.ts';
import { createDatabase } from '../support/postgres.ts';
import { waitFor } from '../support/wait-for.ts';

const FIGURES = 'gross_revenue, net_revenue, tax_amount, event_count, refund_count';

interface Probe {
  readonly running: boolean;
  readonly since: Date | null;
  readonly name: string;
}

describe('the live pipeline', () => {
  let database: Awaited<ReturnType<typeof createDatabase>>;
  let url: string;
  let workerUrl: string;

  beforeAll(async () => {
    database = await createDatabase();
    const { urls } = await seedDailyRevenue(database.url, {
      eventsPerDay: 300,
      rolePassword: derivedRolePassword(database.url),
    });
    url = urls.revenue_pipeline;
    workerUrl = urls.backfill_worker;
  });

  afterAll(() => database.drop());

  it('keeps feed and base in step by the fixed logic, late events included, and leaves no run open', async () => {
    const wrongBefore = (await compareWithTruth(database.url)).different;
    const entries = await runUntil((seen) => seen.filter((entry) => 'late' in entry && entry.late).length >= 5);
    const late = entries.flatMap((entry) => ('late' in entry && entry.late ? [entry.late] : []));

    // A recomputed row is right from then on, so the differences to the truth become fewer or stay, never more.
    const after = await compareWithTruth(database.url);
    expect(after).toMatchObject({ missing: 0, unexpected: 0 });
    expect(after.different).toBeLessThanOrEqual(wrongBefore);
    for (const { revenueDate, merchantId } of late) {
      expect(revenueDate >= '2024-12-01' && revenueDate <= '2026-05-31').toBe(true);
      expect(await publishedRow(revenueDate, merchantId)).toEqual(await expectedRow(revenueDate, merchantId));
    }
    expect(await compareWithTruth(database.url, { start: '2026-06-01', end: '2100-01-01' })).toMatchObject({
      different: 0,
    });
    expect(await probe()).toEqual({ running: false, since: null, name: 'daily-revenue' });
  });

  it('closes the run that a killed predecessor left open', async () => {
    await withClient(url, (client) =>
      client.query(`insert into staging.pipeline_runs (name) values ('daily-revenue')`),
    );
    expect((await probe()).running).toBe(true);
    await runUntil((seen) => seen.length >= 1);
    expect((await probe()).running).toBe(false);
  });

  it('is seen by the probe while a held run is open', async () => {
    const release = new AbortController();
    const look = async () => {
      try {
        return await waitFor(async () => ((await probe()).running ? probe() : null), {
          timeoutMs: 20_000,
          describe: 'the probe to see the held run',
        });
      } finally {
        release.abort();
      }
    };
    const [, open] = await Promise.all([holdRun(url, 60_000, release.signal), look()]);
    expect(open).toMatchObject({ running: true, name: HELD_RUN_NAME });
    expect(open.since).toBeInstanceOf(Date);
    expect((await probe()).running).toBe(false);
  });

  it('goes on after its connection is cut, and says so', async () => {
    const entries = await runUntil(
      (seen) =>
        seen.findIndex((entry) => entry.message === 'run finished') <
          seen.findLastIndex((entry) => entry.message !== 'run finished') && seen.at(-1)?.message === 'run finished',
      async () => {
        await withClient(database.url, (client) =>
          client.query(
            `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'revenue_pipeline' and datname = current_database()`,
          ),
        );
      },
    );
    expect(entries.map((entry) => entry.message)).toContain('run failed, trying again');
    expect((await probe()).running).toBe(false);
  });

  it('stops on an error that will not pass', async () => {
    const asReader = new URL(url);
    asReader.username = 'dashboard';
    asReader.password = derivedRolePassword(database.url)('dashboard');
    const run = runLivePipeline({ url: asReader.href, signal: new AbortController().signal, log: () => undefined });
    await expect(run).rejects.toMatchObject({ code: '42501' });
  });

  /** Runs the pipeline in quick succession until `enough`; `afterFirst` is called once, after the first entry. */
  async function runUntil(enough: (seen: PipelineLogEntry[]) => boolean, afterFirst?: () => Promise<void>) {
    const seen: PipelineLogEntry[] = [];
    const stop = new AbortController();
    let disturbed: Promise<void> | undefined;
    await runLivePipeline({
      url,
      signal: stop.signal,
      lateEverySeconds: 0.001,
      cycleMs: 20,
      busyMs: 5,
      log: (entry) => {
        seen.push(entry);
        disturbed ??= afterFirst?.();
        if (enough(seen)) stop.abort();
      },
    });
    await disturbed;
    return seen;
  }

  async function publishedRow(day: string, merchantId: string): Promise<unknown> {
    return onlyRow(
      `select ${FIGURES} from finance.daily_revenue_current where revenue_date = $1 and merchant_id = $2`,
      [day, merchantId],
    );
  }

  async function expectedRow(day: string, merchantId: string): Promise<unknown> {
    const truth = await readScenarioFile('truth.sql');
    return onlyRow(`select ${FIGURES} from (${truth}) as truth where revenue_date = $1 and merchant_id = $3`, [
      day,
      nextDay(day),
      merchantId,
    ]);
  }

  async function onlyRow(statement: string, values: string[]): Promise<unknown> {
    const { rows } = await withClient(database.url, (client) => client.query<object>(statement, values));
    if (rows.length !== 1) throw new Error(`${rows.length} rows instead of one for ${values.join(', ')}`);
    return rows[0];
  }

  async function probe(): Promise<Probe> {
    const statement = await readScenarioFile('contracts/probes/pipeline_running.sql');
    const { rows } = await withClient(workerUrl, (client) => client.query<Probe>(statement));
    if (rows.length !== 1 || rows[0] === undefined)
      throw new Error(`the probe gave ${rows.length} rows instead of one`);
    return rows[0];
  }
});

function nextDay(day: string): string {
  return new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);
}
