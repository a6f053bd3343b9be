import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { monitorWaits } from '../support/waiting-sessions.ts';
import type { MonitorStatus } from '../../src/domain/monitor.ts';
import { SPEC } from '../support/sales-scenario.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';
import { watchedSales } from '../support/watched-sales.ts';

let world: SmallDataset;
afterEach(() => world.end());

const REF = { backfillId: 'fix-tax' };

async function published(consumers: string, files?: Readonly<Record<string, string>>): Promise<void> {
  world = await createDataset(watchedSales(consumers, files));
  await world.plan();
  await world.preserve();
  await world.build();
  await world.conclude();
  await world.approve();
  expect(await world.activities.measureBaselines({ ...REF, without: [] })).toEqual({ failed: null });
  await world.publish();
}

/** Where monitors stand after one more look; each is due at once. */
async function look(): Promise<Record<string, MonitorStatus>> {
  const { monitors } = await world.activities.watchMonitors({ ...REF, known: [], told: null, askedAt: null });
  return Object.fromEntries(monitors.map((monitor) => [monitor.name, monitor]));
}

/** A sale that comes late, the base written by the pipeline, and the overlay that follows. */
async function lateSale(gross: number): Promise<void> {
  await world.as(
    'revenue_pipeline',
    `INSERT INTO staging.sales (day, merchant, gross, tax) VALUES ('2025-01-05', 2, ${gross}, 1)`,
  );
  await world.as(
    'revenue_pipeline',
    `UPDATE finance.sales_by_day SET gross = gross + ${gross}, net = net + ${gross}, tax = tax + 1 WHERE day = '2025-01-05' AND merchant = 2`,
  );
  expect(await world.activities.watchLiveWrites({ ...REF, published: true })).toMatchObject({ kind: 'rebuilt' });
}

const totals = () =>
  world.query<{ version: number; net: string; shown: string }>(
    `SELECT version, totals ->> 'net' AS net, (SELECT sum(net) FROM finance.sales_current WHERE day < '2025-01-15')::text AS shown FROM governance.published_totals ORDER BY version`,
  );

describe('what readers are shown in total', () => {
  it('is recorded by the publication and by each catch-up, and is what they are shown', async () => {
    await published('  export: { owner: data, monitor: export.sql, expect: equals_published, every: 1ms }\n');
    const [first] = await totals();
    expect(first).toEqual({ version: 1, net: first?.shown, shown: first?.shown });
    await lateSale(12.5);
    const [, second] = await totals();
    expect(second).toEqual({ version: 2, net: second?.shown, shown: second?.shown });
    expect(Number(second?.net) - Number(first?.net)).toBeCloseTo(12.5, 6);
  });

  it('holds amendments between evidence and switch, and counts anew what does not add up', async () => {
    const consumers =
      '  dearest: { owner: data, monitor: dearest.sql, measure: dearest, expect: equals_published, every: 1ms }\n';
    const watched = watchedSales(consumers, {
      'dearest.sql': 'select max(net) as value from finance.sales_current where day <@ :interval',
    });
    world = await createDataset({
      ...watched,
      contract: (watched.contract ?? '').replace('gross: sum(gross) }', 'gross: sum(gross), dearest: max(net) }'),
      spec: SPEC.replace('execution:', 'publication: { late_drift: { measure: "100%" } }\nexecution:'),
    });
    await world.plan();
    await world.preserve();
    await world.build();
    await world.conclude();
    await world.approve();
    await world.as(
      'revenue_pipeline',
      `INSERT INTO staging.sales (day, merchant, gross, tax) VALUES ('2025-01-05', 2, 90, 1)`,
    );
    await world.as(
      'revenue_pipeline',
      `UPDATE finance.sales_by_day SET gross = gross + 90, net = net + 90, tax = tax + 1 WHERE day = '2025-01-05' AND merchant = 2`,
    );
    await world.publish();
    const rows = await world.query<{ net: string; dearest: string | null; shownNet: string; shownDearest: string }>(
      `SELECT totals ->> 'net' AS net, totals ->> 'dearest' AS dearest, (SELECT sum(net) FROM finance.sales_current WHERE day < '2025-01-15')::text AS "shownNet", (SELECT max(net) FROM finance.sales_current WHERE day < '2025-01-15')::text AS "shownDearest" FROM governance.published_totals ORDER BY version`,
    );
    expect(rows.map(({ net, dearest }) => [net, dearest])).toEqual([
      [rows[0]?.shownNet, null],
      [rows[0]?.shownNet, rows[0]?.shownDearest],
    ]);
    expect((await look())['dearest']?.verdict).toBe('good');
  });
});

describe('a monitor that compares with the published total', () => {
  it('compares with what its own snapshot sees: a late write that is followed meanwhile breaches nothing', async () => {
    await published('  export: { owner: data, monitor: export.sql, expect: equals_published, every: 1ms }\n');
    const holder = await world.admin.connect();
    try {
      await holder.query('SELECT pg_advisory_lock(4711)');
      const looking = look();
      await monitorWaits(world.admin);
      await lateSale(12.5);
      expect(await totals()).toHaveLength(2);
      await holder.query('SELECT pg_advisory_unlock(4711)');
      const [{ net = '' } = {}] = await totals();
      expect((await looking)['export']).toMatchObject({ verdict: 'good', figure: net, limit: `equal to ${net}` });
      const after = await look();
      expect(after['export']).toMatchObject({ verdict: 'good' });
      expect(Number(after['export']?.figure)).toBeCloseTo(Number(net) + 12.5, 6);
    } finally {
      holder.release(true);
    }
  });

  it('is a suspicion when it fails once, a breach when it fails twice, and keeps the changes', async () => {
    await published(
      '  mart: { owner: bi, monitor: mart.sql, expect: equals_published, every: 1ms, on_breach: rollback }\n',
    );
    expect((await look())['mart']).toMatchObject({ verdict: 'inconclusive', excess: null });
    await world.query(`UPDATE finance.mart SET refreshed_at = now()`);
    expect((await look())['mart']).toMatchObject({ verdict: 'suspect' });
    expect((await look())['mart']).toMatchObject({ verdict: 'breached', onBreach: 'rollback' });
    await world.query(
      `UPDATE finance.mart SET net = (SELECT sum(net) FROM finance.sales_current WHERE day < '2025-01-15'), refreshed_at = now()`,
    );
    expect((await look())['mart']).toMatchObject({ verdict: 'good' });
    await lateSale(5);
    expect((await look())['mart']).toMatchObject({ verdict: 'good' });
    const turns = await world.query<{ verdict: string }>(
      `SELECT verdict FROM governance.monitor_results WHERE turned ORDER BY result_id`,
    );
    expect(turns.map(({ verdict }) => verdict)).toEqual(['inconclusive', 'suspect', 'breached', 'good']);
  });

  it('is pending until the consumer had its own refresh, and is not measured before', async () => {
    await published('  mart: { owner: bi, monitor: mart.sql, expect: equals_published, every: 1ms, after: 2h }\n');
    expect((await look())['mart']).toMatchObject({ verdict: 'pending', at: null });
    expect(await world.query('SELECT FROM governance.monitor_results')).toEqual([]);
    const [{ next } = { next: '' }] = Object.values(await look());
    const [{ due } = { due: '' }] = await world.query<{ due: string }>(
      `SELECT to_char(published_at + interval '2 hours', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS due FROM governance.data_releases`,
    );
    expect(next).toBe(due);
  });
});

describe('looking at consumers', () => {
  it('tells a change of verdict once, and then waits without a word', async () => {
    await published('  export: { owner: data, monitor: export.sql, expect: equals_published, every: 1h }\n');
    const first = await world.activities.watchMonitors({ ...REF, known: [], told: null, askedAt: null });
    expect(first.monitors).toMatchObject([{ verdict: 'good' }]);
    const again = world.activities.watchMonitors({ ...REF, known: first.monitors, told: first.at, askedAt: null });
    await expect(again).rejects.toMatchObject({ type: 'StillWaiting' });
    await expect(again).rejects.toHaveProperty('nextRetryDelay');
  });

  it('keeps few looks that changed nothing', async () => {
    await published('  export: { owner: data, monitor: export.sql, expect: equals_published, every: 1ms }\n');
    await world.query(
      `INSERT INTO governance.monitor_results (backfill_id, release_id, monitor, outcome, verdict, failed, figure, limit_text, excess, turned)
       SELECT 'fix-tax', 'FIN-1', 'export', 'pass', 'good', 0, '1', 'x', 0, n = 1 FROM generate_series(1, 300) n`,
    );
    await look();
    const [{ kept, turned } = {}] = await world.query<{ kept: number; turned: number }>(
      `SELECT count(*)::int AS kept, count(*) FILTER (WHERE turned)::int AS turned FROM governance.monitor_results`,
    );
    expect([kept, turned]).toEqual([51, 1]);
  });

  it('measures distributions, latencies and addresses against what they were before the switch', async () => {
    let answer = { total: '7', at: '2025-01-01T00:00:00Z' };
    const server = createServer((_, response) => void response.end(JSON.stringify(answer)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sync`;
    try {
      await published(
        [
          '  model: { owner: ds, monitor: shares.sql, expect: psi < 0.2, every: 1ms }',
          '  portal: { owner: web, canary: { sql: canary.sql, role: dashboard, runs: 5 }, expect: "errors = 0, p95 within 1000x", every: 1ms, failures: 1 }',
          `  crm: { owner: crm, http: { url: "${url}", path: $.total }, expect: within 5% of baseline, every: 1ms, failures: 1 }`,
          `  synced: { owner: crm, http: { url: "${url}", path: $.total, measured_at: $.at }, expect: equals_published, every: 1ms }`,
          '',
        ].join('\n'),
      );
      expect(await world.query('SELECT monitor FROM governance.monitor_baselines ORDER BY monitor')).toEqual([
        { monitor: 'crm' },
        { monitor: 'model' },
        { monitor: 'portal' },
      ]);
      const verdicts = async () =>
        Object.fromEntries(Object.entries(await look()).map(([name, { verdict }]) => [name, verdict]));
      expect(await verdicts()).toEqual({ model: 'good', portal: 'good', crm: 'good', synced: 'inconclusive' });
      const [{ net = '' } = {}] = await totals();
      answer = { total: net, at: new Date().toISOString() };
      await world.query('REVOKE SELECT ON finance.sales_current FROM dashboard');
      const found = await look();
      expect(found['portal']).toMatchObject({
        verdict: 'breached',
        figure: expect.stringContaining('permission denied') as string,
      });
      expect(found['crm']?.verdict).toBe('breached');
      expect(found['synced']?.verdict).toBe('good');
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    const unreachable = await look();
    expect(unreachable['crm']).toMatchObject({
      verdict: 'inconclusive',
      figure: expect.stringContaining('cannot be reached') as string,
    });
  });
});

describe('a baseline that cannot be measured', () => {
  it('keeps readers where they are until it can, or a person lets it pass', async () => {
    world = await createDataset(watchedSales('  model: { owner: ds, monitor: shares.sql, expect: psi < 0.2 }\n'));
    await world.plan();
    await world.preserve();
    await world.build();
    await world.conclude();
    await world.query('REVOKE SELECT ON finance.sales_current FROM backfill_worker');
    const { failed } = await world.activities.measureBaselines({ ...REF, without: [] });
    expect(failed).toMatchObject({
      name: 'monitor:model:baseline',
      verdict: 'fail',
      figure: expect.stringContaining('permission denied') as string,
    });
    expect(await world.activities.measureBaselines({ ...REF, without: ['monitor:model:baseline'] })).toEqual({
      failed: null,
    });
  });
});
