import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareWithTruth } from '../../examples/daily-revenue/truth.ts';
import { runMain } from '../cli/run-main.ts';
import { changedContracts } from '../support/contracts.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';
import type { Started, World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

const TABLE = 'ALTER TABLE finance.daily_revenue';
/** On both sides of a change of rules. */
const CORRECTED = { start: '2025-05-01', end: '2025-10-01' };
const PARTIES = ['finance-data', 'business-intelligence', 'revenue-operations'];
const TRUE_ROWS = { missing: 0, unexpected: 0, different: 0 };

describe('a column that the base gets in the middle of a build', () => {
  let world: World;
  let contracts: string;
  beforeAll(async () => {
    world = await createWorld();
    contracts = await changedContracts('daily_revenue.contract.yaml', (yaml) => `# Ours\n${yaml}`);
    await world.startWorker({ contracts });
  });
  afterAll(() => world.end());

  const backfill = (...argv: string[]) =>
    runMain(argv, {
      cwd: temporaryFolder(),
      env: {
        TEMPORAL_ADDRESS: world.temporalAddress,
        BACKFILL_TASK_QUEUE_PREFIX: world.taskQueue.replace(/-backfill$/, ''),
        BACKFILL_WAREHOUSE_URL: world.urls['backfill_worker'],
        BACKFILL_CONTRACTS: contracts,
        BACKFILL_ALLOW_DIRTY_CONTRACTS: '1',
      },
      now: () => new Date(),
    });

  /** Its gate closes after some partitions, so that what follows happens in the middle of the build. */
  async function startedAndStopped(): Promise<Started> {
    const run = await world.start({
      set: {
        'source_range.start': CORRECTED.start,
        'source_range.end': '2025-09-30',
        'execution.daily_bytes_budget': '"1MB"',
      },
    });
    await waitFor(async () => /budget of 1\.0 MB is spent/.test((await run.status()).waitingOn?.reason ?? ''), {
      timeoutMs: 60_000,
      describe: 'the gate to close',
    });
    const { done, total } = (await run.status()).partitions;
    expect([done > 0, done < total]).toEqual([true, true]);
    return run;
  }

  /** Held no longer, by a plan that knows the column. */
  async function carriedOn(run: Started, planHash: string): Promise<void> {
    await waitFor(
      async () => {
        const status = await run.status();
        return status.planHash === planHash && status.status !== 'held';
      },
      { timeoutMs: 30_000, describe: 'the new plan to be in force' },
    );
  }

  async function finish(run: Started): Promise<void> {
    await run.reach('awaitingSignOff');
    for (const by of PARTIES) await run.update('signOff', { by });
    expect(await run.result()).toMatchObject({ status: 'completed' });
  }

  it('holds it with the column and the way on; what was reviewed is carried, the rest is built, and readers get the column', async () => {
    const run = await startedAndStopped();
    await world.admin.query(`${TABLE} ADD COLUMN currency text NOT NULL DEFAULT 'EUR'`);
    const held = await run.reach('held');
    expect(held.hold).toMatchObject({ from: 'building', drifted: true });
    expect(held.waitingOn?.reason).toContain(
      'column currency (text, never null, with a default) was added to finance.daily_revenue. Review what carries it into shadow and view: backfill replan',
    );
    await run.update('retry', { by: 'olaf' });
    const again = await waitFor(
      async () => {
        const status = await run.status();
        return status.status === 'held' && status.hold?.since !== held.hold?.since ? status : null;
      },
      { timeoutMs: 30_000, describe: 'the retry to be held again' },
    );
    const shown = await backfill('status', run.id);
    expect(shown.stdout).toContain(`backfill replan ${run.id} --plan`);

    const reviewed = await backfill('replan', run.id, '--plan', '--json');
    const { planHash, lines } = JSON.parse(reviewed.stdout) as { planHash: string; lines: string[] };
    expect(reviewed.exitCode).toBe(0);
    expect(lines).toContain('view finance.daily_revenue_current shows currency at its end');
    // The run itself says the same, for whoever has nothing but Temporal.
    await run.signal('replan', { by: 'olaf' });
    const { proposal } = await waitFor(async () => ((await run.status()).proposal === null ? null : run.status()), {
      timeoutMs: 20_000,
      describe: 'the run to say what a replan would change',
    });
    expect(proposal).toMatchObject({ planHash, lines });

    // A reader of the shadow is in the way, and the connection is lost behind it: it is taken up again.
    const reader = new pg.Client({ connectionString: world.adminUrl });
    await reader.connect();
    try {
      await reader.query('BEGIN; LOCK TABLE finance.daily_revenue_v2 IN ACCESS SHARE MODE');
      expect(await backfill('replan', run.id, '--by', 'olaf', '--plan-hash', planHash.slice(0, 12))).toMatchObject({
        exitCode: 0,
      });
      await waitFor(
        async () =>
          (
            await world.admin.query(
              `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'`,
              [`backfill/${run.id}/replan`],
            )
          ).rowCount === 1,
        { timeoutMs: 20_000, everyMs: 10, describe: 'the replan to wait, and its session to be ended' },
      );
      expect((await run.status()).planHash).toBe(again.planHash);
    } finally {
      await reader.end();
    }
    await carriedOn(run, planHash);
    await run.update('setLimits', { by: 'olaf', daily_bytes_budget: null });
    const waiting = await run.reach('awaitingApproval');
    expect(waiting).toMatchObject({ planHash, partitions: { total: 153, done: 153, rebuilt: 0 } });
    const { rows } = await world.admin.query<{ kept: boolean }>(
      `SELECT plan_hash = $2 AS kept FROM governance.superseded_plans WHERE backfill_id = $1`,
      [run.id, held.planHash],
    );
    expect(rows).toEqual([{ kept: true }]);
    await run.approve();
    await run.reach('observing');
    expect(await compareWithTruth(world.adminUrl, CORRECTED)).toMatchObject(TRUE_ROWS);
    const seen = await world.admin.query('SELECT DISTINCT currency FROM finance.daily_revenue_current');
    expect(seen.rows).toEqual([{ currency: 'EUR' }]);
    await finish(run);
    expect(await compareWithTruth(world.adminUrl, CORRECTED)).toMatchObject(TRUE_ROWS);
  }, 120_000);

  it('and fills with figures of its own wants a transform that yields it: then everything is proved and built again', async () => {
    // Wrong again, so that there is something to correct.
    await world.admin.query(
      `UPDATE finance.daily_revenue SET net_revenue = gross_revenue WHERE revenue_date BETWEEN '2025-05-01' AND '2025-09-30'`,
    );
    const run = await startedAndStopped();
    await world.admin.query(`
      ${TABLE} ADD COLUMN sales bigint;
      UPDATE finance.daily_revenue SET sales = event_count - refund_count;
      CREATE OR REPLACE VIEW finance.daily_revenue_current AS SELECT revenue_date, merchant_id, gross_revenue, net_revenue, tax_amount, event_count, refund_count, updated_at, currency, sales FROM finance.daily_revenue`);
    await run.reach('held');
    const refused = await backfill('replan', run.id, '--plan');
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toMatch(
      /rows of the interval hold something else than NULL in column sales of finance\.daily_revenue, and readers would miss it; extend the transform/,
    );

    const extended = await changedContracts(
      Object.fromEntries(
        ['corrected.v1', 'corrected.v2'].map((name) => [
          `transforms/daily_revenue.${name}.sql`,
          (sql: string) =>
            sql.replace(
              'as refund_count\n',
              "as refund_count,\n  count(*) filter (where e.kind <> 'refund') as sales\n",
            ),
        ]),
      ),
    );
    await writeFile(
      join(extended, 'daily_revenue.contract.yaml'),
      await readFile(join(contracts, 'daily_revenue.contract.yaml')),
    );
    contracts = extended;
    await world.stopWorker();
    await world.startWorker({ contracts });
    const reviewed = await backfill('replan', run.id, '--plan', '--json');
    const { planHash, rebuild } = JSON.parse(reviewed.stdout) as { planHash: string; rebuild: boolean };
    expect(rebuild).toBe(true);
    const before = (await run.status()).partitions.done;
    expect(before).toBeGreaterThan(0);
    await run.update('replan', { by: 'olaf', planHash });
    await carriedOn(run, planHash);
    await run.update('setLimits', { by: 'olaf', daily_bytes_budget: null });
    await run.reach('awaitingApproval');
    const { rows } = await world.admin.query<{ twice: number }>(
      'SELECT count(*) FILTER (WHERE builds > 1)::int AS twice FROM governance.backfill_partitions WHERE backfill_id = $1',
      [run.id],
    );
    expect(rows[0]?.twice).toBeGreaterThanOrEqual(before);
    await run.approve();
    await run.reach('observing');
    const wrong =
      'SELECT FROM finance.daily_revenue_current WHERE sales IS DISTINCT FROM event_count - refund_count OR currency IS DISTINCT FROM $1';
    expect((await world.admin.query(wrong, ['EUR'])).rowCount).toBe(0);
    expect(await compareWithTruth(world.adminUrl, CORRECTED)).toMatchObject(TRUE_ROWS);
    await finish(run);
    expect((await world.admin.query(wrong, ['EUR'])).rowCount).toBe(0);
    expect(await compareWithTruth(world.adminUrl, CORRECTED)).toMatchObject(TRUE_ROWS);
  }, 120_000);
});
