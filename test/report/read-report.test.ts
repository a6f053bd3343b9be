import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ActivityDeps } from '../../activities/index.ts';
import { createLightActivities, createWarehouseActivities } from '../../activities/index.ts';
import { derivedRolePassword } from '../../examples/daily-revenue/roles.ts';
import { readScenarioFile } from '../../examples/daily-revenue/scenario.ts';
import { seedDailyRevenue } from '../../examples/daily-revenue/seed.ts';
import type { Amendment } from '../../src/ledger/amendments.ts';
import { amendmentsSinceEvidence, listAmendments } from '../../src/ledger/amendments.ts';
import { markDropped } from '../../src/ledger/artifacts.ts';
import { insertEvidence } from '../../src/ledger/evidence.ts';
import type { MeasureGroup } from '../../src/ledger/measure-series.ts';
import { measureSeries } from '../../src/ledger/measure-series.ts';
import { readPlan } from '../../src/ledger/runs.ts';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import type { Comparison, Report } from '../../src/report/report.ts';
import { readReport } from '../../src/report/read-report.ts';
import { renderHtml } from '../../src/report/render-html.ts';
import type { Session } from '../../src/warehouse/session.ts';
import { SHORT, createPool, withRollback, withSession } from '../../src/warehouse/session.ts';
import { sql } from '../../src/warehouse/sql.ts';
import { subtractDecimals } from '../../src/domain/decimal.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { cloneTemplate, ensureTemplate } from '../support/postgres.ts';
import { CONTRACTS, installFor } from '../support/world.ts';

const ID = 'revenue-report';
const TEMPLATE = 'daily_revenue_300';

describe('the report of a reconciled run', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let report: Report;
  let reportPath: string;
  let folder: string;
  let deps: ActivityDeps;

  const read = <T>(use: (session: Session) => Promise<T>): Promise<T> => withSession(pool, SHORT, use);

  beforeAll(async () => {
    await ensureTemplate(TEMPLATE, '1:300', async (url) => {
      await seedDailyRevenue(url, { eventsPerDay: 300, rolePassword: derivedRolePassword(url) });
      await installFor(url);
    });
    database = await cloneTemplate(TEMPLATE);
    const { urls } = await seedDailyRevenue(database.url, {
      eventsPerDay: 300,
      rolePassword: derivedRolePassword(database.url),
    });
    pool = createPool(urls.backfill_worker, 6);
    folder = await mkdtemp(join(tmpdir(), 'backfill-'));
    deps = {
      pool,
      contracts: { folder: CONTRACTS, allowDirty: true },
      reportsFolder: join(folder, 'reports'),
      prices: null,
      secret: () => null,
      now: () => new Date(),
    };
    reportPath = await reconcileRun(deps);
    report = await read((session) => readReport(session, ID));
  });

  afterAll(async () => {
    await pool.end();
    await database.drop();
    await rm(folder, { recursive: true });
  });

  const sumOf = (list: readonly Comparison[], side: 'old' | 'new'): string =>
    list.reduce((sum, one) => subtractDecimals(sum, subtractDecimals('0', one[side])), '0');

  it('has every month and every partition, which add up exactly to the totals of the evidence', () => {
    expect(report.seriesFrom).toBe('tables');
    expect(report.measures.map(({ name }) => name)).toEqual(['revenue', 'gross']);
    for (const measure of report.measures) {
      expect(measure.months.map(({ month }) => month)).toEqual(['2025-05', '2025-06', '2025-07']);
      expect(measure.points).toHaveLength(73);
      for (const side of ['old', 'new'] as const) {
        expect(Number(subtractDecimals(sumOf(measure.months, side), measure[side]))).toBe(0);
        expect(Number(subtractDecimals(sumOf(measure.points, side), measure[side]))).toBe(0);
      }
    }
    expect(Number(report.measures[0]?.percent)).toBeGreaterThan(-1.5);
    expect(Number(report.measures[0]?.percent)).toBeLessThan(-0.8);
  });

  it('says in plain words what changes, why, what was checked and what approving does', () => {
    const [why, howMuch, explained, checked, follows] = report.summary;
    expect(why).toContain('Correct tax-inclusive revenue calculation (FIN-2841)');
    expect(why).toContain('2025-05-20 to before 2025-08-01: 73 partitions, one a day');
    expect(howMuch).toMatch(
      /^revenue falls from [\d,.]+ to [\d,.]+, by [\d,.]+ \(-[\d.]+%\), inside the expected -1\.5% to -0\.8%\./,
    );
    expect(howMuch).toContain('gross does not change');
    expect(explained).toContain('Every row that changes is explained.');
    expect(checked).toContain('none fails');
    expect(follows).toContain('Approving lets readers of finance.daily_revenue_current see the corrected rows');
  });

  it('has the largest changes in order, each with its key and its reason', () => {
    const { rows, keyColumns, measure } = report.changedRows;
    expect({ keyColumns, measure }).toEqual({ keyColumns: ['revenue_date', 'merchant_id'], measure: 'revenue' });
    expect(rows).toHaveLength(100);
    const sizes = rows.map((row) => Math.abs(Number(subtractDecimals(row.new ?? '0', row.old ?? '0'))));
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    expect(
      rows.every((row) => row.explanation === 'tax_was_included' && typeof row.key['revenue_date'] === 'string'),
    ).toBe(true);
  });

  it('has the checks, the cost and the commands', () => {
    expect(report.checks.map(({ name }) => name)).toContain('delta:revenue');
    expect(report.proofs.map(({ name }) => name)).toContain('idempotency');
    expect(report.batches).toMatchObject({ total: 11, passed: 11, failed: 0, waived: 0, planned: 0, noticed: [] });
    expect(report.batches.checks.find(({ name }) => name === 'row_count')).toMatchObject({ pass: 11, fail: 0 });
    expect(report.work.actual.buildBytes).toBeGreaterThan(0);
    expect(report.work.actual.buildingMs).toBeGreaterThan(0);
    expect(report.commands.approve).toBe(`backfill approve ${ID} --by <you> --digest ${report.evidence?.digest ?? ''}`);
    expect(report.rollback).toBeNull();
  });

  it('is written for its owner alone, as page and as data', async () => {
    const data = JSON.parse(await readFile(reportPath.replace(/html$/, 'json'), 'utf8')) as Report;
    const lag = { ...report.liveWrites.lag, at: data.liveWrites.lag.at };
    expect(data).toEqual({
      ...report,
      generatedAt: data.generatedAt,
      liveWrites: { ...report.liveWrites, lag },
    });
    expect(await readFile(reportPath, 'utf8')).toBe(renderHtml(data));
    expect((await stat(reportPath)).mode & 0o777).toBe(0o600);
  });

  it('puts neighbouring partitions into one point without losing a row', async () => {
    const { plan } = await read((session) => session.one<{ plan: BackfillPlan }>(readPlan(ID)));
    const tables = { old: 'finance.daily_revenue_pre_fin_2841', new: 'finance.daily_revenue_v2' };
    const groups = await read((session) => session.rows<MeasureGroup>(measureSeries(plan, tables, 10)));
    const points = groups.filter(({ point }) => point !== null);
    expect(points.map(({ point }) => point)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    const total = points.reduce((sum, { old }) => sum + Number(old?.['revenue']), 0);
    expect(total).toBeCloseTo(Number(report.measures[0]?.old), 2);
  });

  it('keeps the totals when the compared tables are gone, by batches', async () => {
    await read((session) => session.change(markDropped(ID, 'shadow')));
    const later = await read((session) => readReport(session, ID));
    await read((session) =>
      session.change(sql('UPDATE governance.backfill_artifacts SET dropped_at = NULL WHERE backfill_id = $1', ID)),
    );
    expect(later.seriesFrom).toBe('batches');
    const [revenue] = later.measures;
    expect(revenue?.points).toHaveLength(11);
    expect(Number(subtractDecimals(sumOf(revenue?.months ?? [], 'new'), revenue?.new ?? ''))).toBe(0);
    expect(revenue).toMatchObject({ old: report.measures[0]?.old, new: report.measures[0]?.new });
  });

  it('tells what live writes restated since the evidence, partition by partition', async () => {
    const amend = (partition: string, before: string, after: string) => {
      const body = { partition, before: { revenue: before, gross: '1' }, after: { revenue: after, gross: '1' } };
      return insertEvidence(ID, 'amendment', 1, body, after);
    };
    const later = await read((session) =>
      withRollback(session, async () => {
        await session.change(amend('2025-05-21', '100.00', '112.50'));
        await session.change(amend('2025-05-21', '112.50', '110.00'));
        await session.change(amend('2025-05-22', '7.00', '2.00'));
        const restated = await session.one(amendmentsSinceEvidence(ID));
        return { restated, amendments: await session.rows<Amendment>(listAmendments(ID, 10)) };
      }),
    );
    expect(later.restated).toEqual({ partitions: 2, moved: { revenue: '15.00', gross: '0' } });
    expect(later.amendments).toEqual([
      {
        partition: '2025-05-21',
        rebuilds: 2,
        before: { revenue: '100.00', gross: '1' },
        after: { revenue: '110.00', gross: '1' },
        moved: { revenue: '10.00', gross: '0' },
      },
      {
        partition: '2025-05-22',
        rebuilds: 1,
        before: { revenue: '7.00', gross: '1' },
        after: { revenue: '2.00', gross: '1' },
        moved: { revenue: '-5.00', gross: '0' },
      },
    ]);
  });

  it('shows the approval, the release and a statement that really undoes it, even where the view is settled', async () => {
    const digest = report.evidence?.digest ?? '';
    const approval = {
      by: 'finance-controller',
      identified: 'claimed' as const,
      digest,
      comment: 'read the report',
      at: new Date().toISOString(),
    };
    expect(
      await run(() =>
        createLightActivities(deps).recordDecision({ backfillId: ID, decision: { kind: 'approve', approval } }),
      ),
    ).toEqual({ kind: 'recorded' });
    const activities = createWarehouseActivities(deps);
    const outcome = await run(() =>
      activities.publishRelease({
        backfillId: ID,
        windowMs: 60_000,
        limits: { maxConcurrency: 2, dailyBytesBudget: null },
      }),
    );
    expect(outcome).toMatchObject({ kind: 'published' });

    const published = await read((session) => readReport(session, ID));
    expect(published.decisions).toMatchObject([
      {
        decision: 'approve',
        by: 'finance-controller',
        identified: 'claimed',
        digest,
        comment: 'read the report',
        voidBecause: null,
      },
    ]);
    expect(published.releases).toMatchObject([
      {
        releaseId: 'FIN-2841',
        state: 'published',
        approvedBy: 'finance-controller',
        rolledBackAt: null,
        amendments: 0,
      },
    ]);
    expect(published.rollback).toMatchObject({ releaseId: 'FIN-2841', armed: true });
    expect(published.summary.at(-1)).toContain('Release FIN-2841 is published since');

    await run(() => activities.reshapeView({ backfillId: ID, shape: 'settled', by: 'dora' }));
    const settled = await read((session) => readReport(session, ID));
    expect(settled.rollback).toMatchObject({ releaseId: 'FIN-2841', armed: false });
    await pool.query(settled.rollback?.statement ?? '');
    const undone = await read((session) => readReport(session, ID));
    expect(undone.rollback).toBeNull();
    expect(undone.releases).toMatchObject([{ releaseId: 'FIN-2841', state: 'rolled_back' }]);
    expect(undone.summary.at(-1)).toContain('readers see the previous history');
  });

  it('names the run that the ledger does not have', async () => {
    await expect(read((session) => readReport(session, 'nobody'))).rejects.toThrow(
      'the ledger of this warehouse has no backfill nobody; "backfill list" shows those it has',
    );
  });
});

/** As an activity: what it does may ask for heartbeat and cancellation. */
function run<Out>(work: () => Promise<Out>): Promise<Out> {
  return new MockActivityEnvironment().run(work);
}

/** Plans, builds and reconciles eleven batches across a change of eras; answers where the report was written. */
async function reconcileRun(deps: ActivityDeps): Promise<string> {
  const activities = createWarehouseActivities(deps);
  const spec = (await readScenarioFile('backfill.yaml'))
    .replace('revenue-tax-fix-2026-06', ID)
    .replace('start: 2024-12-01', 'start: 2025-05-20')
    .replace('end: 2026-05-31', 'end: 2025-07-31');
  const planned = await run(() =>
    activities.planBackfill({ launch: { spec, requestedBy: 'dora' }, workflowId: `backfill-${ID}` }),
  );
  if (planned.kind !== 'planned') throw new Error(`not planned: ${planned.reasons.join('; ')}`);
  await run(() => activities.proveIdempotency({ backfillId: ID }));
  await run(() => activities.installCapture({ backfillId: ID }));
  await run(() => activities.takeSnapshot({ backfillId: ID }));
  await run(() => activities.createShadow({ backfillId: ID }));
  const claim = { from: 1, to: planned.plan.batches };
  const limits = { maxConcurrency: 1, dailyBytesBudget: null };
  await run(() => activities.rebuildClaim({ backfillId: ID, claim, lane: 1, limits }));
  const concluded = await run(() => activities.concludeEvidence({ backfillId: ID }));
  if (concluded.kind !== 'concluded' || concluded.evidence.reportPath === null)
    throw new Error(`not concluded: ${JSON.stringify(concluded)}`);
  return concluded.evidence.reportPath;
}
