import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { carry, extendShadow } from '../../activities/replan.ts';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { replacePlan } from '../../src/ledger/replans.ts';
import { contractNow } from '../../src/planning/contract-now.ts';
import type { Replan } from '../../src/planning/draft-replan.ts';
import { draftReplan } from '../../src/planning/draft-replan.ts';
import { readPlan } from '../../src/ledger/runs.ts';
import type { FrozenRun } from '../../src/ledger/runs.ts';
import { datasetWith } from '../support/drafts.ts';
import { RUN, replan } from '../support/replanning.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';
import { failureOf, sqlstate } from '../support/sqlstate.ts';
import { waitFor } from '../support/wait-for.ts';

const TABLE = 'ALTER TABLE finance.sales_by_day';

async function draft(world: SmallDataset): Promise<Replan> {
  const { table } = (await world.session((one) => one.one<FrozenRun>(readPlan('fix-tax')))).plan;
  const contract = await contractNow(world.deps.contracts, table);
  const drafted = await world.session(async (session) =>
    draftReplan(session, await session.one<FrozenRun>(readPlan('fix-tax')), contract),
  );
  if (drafted.kind === 'refused') throw new Error(drafted.reasons.join('\n'));
  return drafted.replan;
}

describe('the ledger', () => {
  let world: SmallDataset;
  let drafted: Replan;
  beforeAll(async () => {
    world = await createDataset();
    await world.plan();
    await world.preserve();
    await world.query(`${TABLE} ADD COLUMN currency text`);
    drafted = await draft(world);
  });
  afterAll(() => world.end());

  const replace = (different: Partial<BackfillPlan> = {}, over: Partial<Parameters<typeof replacePlan>[0]> = {}) =>
    world.session((session) =>
      session.one<{ replaced: boolean }>(
        replacePlan({ ...drafted, by: 'olaf', ...over, plan: { ...drafted.plan, ...different } }),
      ),
    );

  it.each<[string, (plan: BackfillPlan) => Partial<BackfillPlan>]>([
    ['another interval', () => ({ keyRanges: [{ start: '2024-01-01', end: '2026-01-01' }] })],
    [
      'another expectation',
      ({ spec }) => ({ spec: { ...spec, validation: { ...spec.validation, rowCountTolerance: 9 } } }),
    ],
    ['other approvers', ({ contract }) => ({ contract: { ...contract, approvers: ['mallory'] } })],
    ['other measures', ({ contract }) => ({ contract: { ...contract, measures: {} } })],
    ['fewer columns that are compared', () => ({ comparedColumns: ['day', 'merchant'] })],
    ['fewer columns', ({ columns }) => ({ columns: columns.slice(1) })],
    ['another order in the view', ({ viewColumns }) => ({ viewColumns: [...viewColumns].reverse() })],
    ['other source totals', () => ({ sourceTotals: {} })],
  ])('takes no plan with %s, whatever the worker sends', async (_, change) => {
    expect(await failureOf(replace(change(drafted.plan)))).toMatchObject({
      code: '55000',
      message: 'a replan of fix-tax adds columns and nothing else: another plan needs another backfill',
    });
  });

  it('takes none for a table that is another by now, nor in the place of a plan that is not in force', async () => {
    expect(await failureOf(replace({ baseFingerprint: 'another' }))).toMatchObject({
      code: '55000',
      message: 'the columns of finance.sales_by_day are not those of the new plan',
    });
    expect(await sqlstate(replace({}, { replaces: 'older' }))).toMatchObject({ code: '40001' });
    expect(await world.query('SELECT FROM governance.superseded_plans')).toEqual([]);
  });

  it('takes it once: whoever lost the reply hears that it is done', async () => {
    const fences = 'SELECT min(fence)::float8 AS fence FROM governance.backfill_batches';
    const [before] = await world.query<{ fence: number }>(fences);
    expect(await replace()).toEqual({ replaced: true });
    expect(await replace()).toEqual({ replaced: false });
    expect(await world.query(`SELECT FROM governance.backfill_events WHERE kind = 'replanned'`)).toHaveLength(1);
    // Who still works by the old plan finds its claims taken.
    expect((await world.query<{ fence: number }>(fences))[0]?.fence).toBeGreaterThan(before?.fence ?? 0);
  });

  it('keeps what it replaced from every hand of the worker', async () => {
    const worker = (text: string) => sqlstate(world.as('backfill_worker', text));
    for (const text of [
      `UPDATE governance.superseded_plans SET plan = '{}'`,
      'DELETE FROM governance.superseded_plans',
      `INSERT INTO governance.superseded_plans (backfill_id, plan_hash, plan, replaced_with, replaced_by) VALUES ('fix-tax', 'a', '{}', 'b', 'c')`,
    ])
      expect(await worker(text), text).toMatchObject({ code: '42501' });
  });

  it('takes none for a run that has ended', async () => {
    await world.query(`UPDATE governance.backfill_runs SET ended_at = now()`);
    expect(await failureOf(replace({}, { planHash: 'next', replaces: drafted.planHash }))).toMatchObject({
      message: 'run fix-tax has ended or its rows are moving into the base table: its plan stays as it is',
    });
  });
});

describe('a replan that dies half-way', () => {
  async function preserved(): Promise<SmallDataset> {
    const world = await datasetWith();
    await world.plan();
    await world.preserve();
    await world.build();
    return world;
  }
  const shadow = async (world: SmallDataset) =>
    world.query(
      `SELECT format_type(atttypid, atttypmod) AS type, (SELECT count(*)::int FROM pg_constraint WHERE conrelid = attrelid AND attnum = ANY (conkey)) AS checks FROM pg_attribute WHERE attrelid = 'finance.sales_by_day_v2'::regclass AND attname = 'currency'`,
    );

  it('after the shadow was extended is done by the next, whatever became of the column in between', async () => {
    const world = await preserved();
    await world.query(`${TABLE} ADD COLUMN currency integer CHECK (currency > 0)`);
    const first = await draft(world);
    await world.session((session) => extendShadow(session, first));
    await world.session((session) => extendShadow(session, first));
    // Not in plan nor view, it is nothing that work would notice.
    await world.query(`${TABLE} DROP COLUMN currency`);
    await world.conclude();
    await world.query(`${TABLE} ADD COLUMN currency text DEFAULT 'EUR'`);
    await replan(world);
    expect(await shadow(world)).toEqual([{ type: 'text', checks: 0 }]);
    await world.conclude();
    await world.approve();
    await world.publish();
    expect(await world.query('SELECT DISTINCT currency FROM finance.sales_current')).toEqual([{ currency: 'EUR' }]);
  });

  it('never shows plan and view apart: behind a reader of the view neither is replaced, and both are when it is done', async () => {
    const world = await preserved();
    await world.conclude();
    await world.approve();
    await world.publish();
    await world.query(`${TABLE} ADD COLUMN currency text DEFAULT 'EUR'`);
    const drafted = await draft(world);
    const state = async () =>
      (
        await world.query<{ replanned: boolean; shown: boolean }>(
          `SELECT (SELECT plan_hash = $1 FROM governance.backfill_runs) AS replanned, EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'finance.sales_current'::regclass AND attname = 'currency') AS shown`,
          [drafted.planHash],
        )
      )[0];
    // The view's owner may not read the overlay: the view cannot be replaced, and so the plan is not either.
    await world.query('REVOKE SELECT ON finance.sales_by_day_v2 FROM finance_views');
    expect(await sqlstate(world.session((session) => carry(session, drafted, 'controller')))).toMatchObject({
      code: '55000',
    });
    expect(await state()).toEqual({ replanned: false, shown: false });
    await world.query('GRANT SELECT ON finance.sales_by_day_v2 TO finance_views');
    const reader = new pg.Client({ connectionString: world.urls.dashboard });
    await reader.connect();
    try {
      await reader.query('BEGIN; SELECT count(*) FROM finance.sales_current');
      const tries = `SELECT FROM pg_stat_activity WHERE application_name = 'backfill/ledger' AND wait_event_type = 'Lock'`;
      const carried = world.session((session) => carry(session, drafted, 'controller'));
      await waitFor(async () => (await world.query(tries)).length > 0, {
        timeoutMs: 10_000,
        describe: 'the replan to wait for the reader',
      });
      expect(await state()).toEqual({ replanned: false, shown: false });
      await reader.query('COMMIT');
      await carried;
      expect(await state()).toEqual({ replanned: true, shown: true });
    } finally {
      await reader.end();
    }
    expect(await world.activities.replan({ ...RUN, by: 'controller', planHash: drafted.planHash })).toMatchObject({
      kind: 'replanned',
      rebuild: false,
    });
  });
});
