import pg from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { rollbackStatement } from '../../src/ledger/releases.ts';
import { viewFollowsPointer } from '../../src/ledger/published-view.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';
import { failureOf } from '../support/sqlstate.ts';
import { shapeView } from '../../src/warehouse/postgres/statements/elevated.ts';
import { waitFor } from '../support/wait-for.ts';

let world: SmallDataset;
let plan: BackfillPlan;
beforeEach(async () => {
  world = await createDataset();
  plan = await world.plan();
  expect(await world.throughPublication()).toBe('FIN-1');
});
afterEach(() => world.end());

const released = () => world.query('SELECT release_id, state FROM governance.data_releases');
const ROLLED_BACK = [{ release_id: 'FIN-1', state: 'rolled_back' }];

/** A query that goes on and on, and behind it a change of definition that waits: whoever asks for any lock now waits behind both. */
async function behind(change: string, work: () => Promise<void>): Promise<void> {
  const reader = new pg.Client({ connectionString: world.adminUrl });
  const changer = new pg.Client({ connectionString: world.adminUrl });
  await Promise.all([reader.connect(), changer.connect()]);
  let changing: Promise<unknown> = Promise.resolve();
  try {
    await reader.query('BEGIN; SELECT count(*) FROM finance.sales_current');
    changing = changer.query(change);
    await waitFor(
      async () =>
        (
          await world.query(
            `SELECT FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
          )
        ).length > 0,
      { timeoutMs: 10_000, describe: `${change} to wait for the reader` },
    );
    await work();
    await reader.query('SELECT 1');
  } finally {
    await reader.end();
    await changing;
    await changer.end();
  }
}

it.each([
  { change: 'ALTER TABLE finance.sales_by_day ADD COLUMN region text' },
  { change: 'ALTER TABLE finance.sales_by_day_v2 ADD COLUMN region text' },
  { change: 'ALTER VIEW finance.sales_current SET (security_barrier = false)' },
])('the printed statement rolls back at once behind a reader and $change', async ({ change }) => {
  await behind(change, async () => {
    expect(await world.session((session) => session.one(viewFollowsPointer(plan)))).toEqual({ follows: true });
    const changed = await world.session((session) =>
      session
        .change({ text: `SET lock_timeout = '500ms'`, values: [] })
        .then(() => session.change({ text: rollbackStatement(plan, 'FIN-1'), values: [] })),
    );
    expect(changed).toBe(1);
    expect(await released()).toEqual(ROLLED_BACK);
  });
});

it('so does the rollback that the worker runs', async () => {
  await behind('ALTER VIEW finance.sales_current SET (security_barrier = false)', async () => {
    await world.activities.rollBackRelease({ backfillId: 'fix-tax', by: 'on-call', reason: 'wrong totals' });
    expect(await released()).toEqual(ROLLED_BACK);
  });
});

it('settling the view meanwhile is refused: readers would see a release that was rolled back', async () => {
  await world.query(
    `CREATE FUNCTION public.stand_still() RETURNS event_trigger LANGUAGE plpgsql SET lock_timeout = 0 AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(4711); END $$;
     CREATE EVENT TRIGGER stand_still ON ddl_command_start WHEN TAG IN ('CREATE VIEW') EXECUTE FUNCTION public.stand_still();
     GRANT EXECUTE ON FUNCTION public.stand_still() TO PUBLIC`,
  );
  const holder = await world.admin.connect();
  try {
    await holder.query('SELECT pg_advisory_lock(4711)');
    const settling = failureOf(world.session((session) => session.rows(shapeView(plan, 'settled'))));
    await waitFor(
      async () =>
        (
          await world.query(
            `SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
          )
        ).length > 0,
      { timeoutMs: 10_000, describe: 'the change of shape to stand still' },
    );
    await world.as('backfill_worker', rollbackStatement(plan, 'FIN-1'));
    await holder.query('SELECT pg_advisory_unlock(4711)');
    expect(await settling).toMatchObject({ code: '40001' });
  } finally {
    holder.release();
  }
  expect(await released()).toEqual(ROLLED_BACK);
  expect(await world.session((session) => session.one(viewFollowsPointer(plan)))).toEqual({ follows: true });
});
