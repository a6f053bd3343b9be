import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Consumers } from '../../examples/daily-revenue/consumers.ts';
import { openConsumers } from '../../examples/daily-revenue/consumers.ts';
import { writeLateEvent } from '../../examples/daily-revenue/pipeline-run.ts';
import { withClient } from '../../examples/daily-revenue/with-client.ts';
import type { StatusView } from '../../src/domain/status-view.ts';
import { waitFor } from '../support/wait-for.ts';
import type { Started, World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

describe('a dashboard that refreshes its own table after a publication', () => {
  let world: World;
  let consumers: Consumers;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'backfill-consumers-'));
    consumers = await openConsumers(join(folder, 'contracts'));
    world = await createWorld();
    await consumers.create(world.adminUrl, world.urls['finance_export'] ?? '');
    await world.startWorker({ contracts: consumers.contracts });
  });
  afterAll(async () => {
    await world.end();
    await consumers.close();
    await rm(folder, { recursive: true, force: true });
  });

  const until = (run: Started, what: string, holds: (view: StatusView) => boolean): Promise<StatusView> =>
    waitFor(
      async () => {
        const view = await run.status();
        return holds(view) ? view : null;
      },
      { timeoutMs: 60_000, describe: what },
    );

  it('causes no rollback by being late, nor by a late write, and one by being wrong', async () => {
    const run = await world.start({ set: { 'rollback.window': '1s' } });
    await run.reach('awaitingApproval');
    await run.approve();
    await run.reach('observing');

    // Not refreshed yet, and the window is over: nobody knows, so it stays open and nothing is rolled back.
    const open = await until(
      run,
      'the open window',
      ({ waitingOn }) => waitingOn?.reason.includes('revenue-dashboard is inconclusive') === true,
    );
    expect(open.status).toBe('observing');
    await consumers.refreshDashboard(world.adminUrl);
    const good = await run.reach('awaitingSignOff');
    expect(good.monitors.map(({ name, verdict }) => `${name} ${verdict}`)).toEqual([
      'revenue-dashboard good',
      'finance-export good',
      'crm-sync good',
      'churn-model good',
      'dashboard-queries good',
    ]);

    let draws = 0;
    await withClient(world.urls['revenue_pipeline'] ?? '', (client) =>
      writeLateEvent(client, () => ((draws += 1) % 2 === 1 ? 0.2 : 0.5)),
    );
    const looks = `SELECT count(*)::int AS looks FROM governance.monitor_results WHERE monitor = 'revenue-dashboard' AND at > (SELECT max(recorded_at) FROM governance.published_totals WHERE version > 1)`;
    await waitFor(async () => ((await world.admin.query<{ looks: number }>(looks)).rows[0]?.looks ?? 0) > 2, {
      timeoutMs: 60_000,
      describe: 'looks at the dashboard after the late write was followed',
    });
    const after = await run.status();
    expect([after.status, ...after.monitors.map(({ verdict }) => verdict)]).toEqual([
      'awaitingSignOff',
      'good',
      'good',
      'good',
      'good',
      'good',
    ]);

    await world.admin.query(
      'UPDATE finance.dashboard_totals SET net_revenue = net_revenue * 1.02, refreshed_at = now()',
    );
    const back = await run.reach('rolledBack', 60_000);
    expect(back.because).toMatch(
      /^monitor:revenue-dashboard: monitor revenue-dashboard of business-intelligence is breached: \+/,
    );
    expect(back.historyLength).toBeLessThan(1_000);
    const { rows } = await world.admin.query(
      `SELECT rolled_back_by LIKE '%(monitor:revenue-dashboard)' AS by FROM governance.data_releases`,
    );
    expect(rows).toEqual([{ by: true }]);
  }, 180_000);
});
