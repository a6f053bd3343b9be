import pg from 'pg';
import { afterEach, expect, it } from 'vitest';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { publishRelease } from '../../src/ledger/releases.ts';
import { CONTRACT } from '../support/sales-scenario.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';
import { sqlstate } from '../support/sqlstate.ts';
import { waitFor } from '../support/wait-for.ts';

let world: SmallDataset;
let plan: BackfillPlan;
afterEach(() => world.end());

async function approved(capture: 'triggers' | 'fingerprints'): Promise<void> {
  const contract = CONTRACT.replace('live_pipeline: {}', `live_pipeline: { capture: ${capture} }`);
  world = await createDataset({ contract, capture });
  plan = await world.plan();
  await world.preserve();
  await world.build();
  await world.conclude();
  await world.approve();
}
const waits = (where: string) =>
  waitFor(
    async () =>
      (
        await world.query(
          `SELECT FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND ${where}`,
        )
      ).length > 0,
    {
      timeoutMs: 10_000,
      describe: `somebody to wait: ${where}`,
    },
  );
const notPublished = async () => expect(await world.query('SELECT FROM governance.data_releases')).toEqual([]);

it('writers are not stopped again and again for a comparison that always finds a write', async () => {
  await approved('fingerprints');
  await world.query(
    `UPDATE governance.backfill_runs SET plan = jsonb_set(plan::jsonb, '{spec,publication,maxFenceMs}', '800')::json;
     CREATE SEQUENCE governance.compared;
     ALTER SEQUENCE governance.compared OWNER TO finance_owner;
     CREATE OR REPLACE FUNCTION governance.${plan.functionPrefix}_changed(p_backfill_id text) RETURNS text
     LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
     BEGIN PERFORM nextval('governance.compared'), pg_sleep(0.45); RETURN '2025-01-06'; END $$`,
  );
  await expect(world.publish()).rejects.toMatchObject({
    type: 'StatementRefused',
    message: expect.stringMatching(
      /^the live pipeline writes to finance\.sales_by_day too often to be switched: in \d tries writers stood still for [\d.]+ s, and 2 times publication\.max_fence \(0\.8 s\) in all is where it ends\. The last one: partition 2025-01-06/,
    ) as string,
  });
  const [tries] = await world.query<{ tries: string }>('SELECT last_value AS tries FROM governance.compared');
  expect(Number(tries?.tries)).toBeLessThanOrEqual(4);
  await notPublished();
});

it('a switch that an administrator cancels is not tried again', async () => {
  await approved('triggers');
  await world.query(
    `CREATE FUNCTION public.stand_still() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(4712); RETURN NEW; END $$;
     GRANT EXECUTE ON FUNCTION public.stand_still() TO PUBLIC;
     CREATE TRIGGER stand_still BEFORE INSERT ON governance.data_releases FOR EACH ROW EXECUTE FUNCTION public.stand_still()`,
  );
  const holder = await world.admin.connect();
  try {
    await holder.query('SELECT pg_advisory_lock(4712)');
    const published = world.publish().then(
      (release) => ({ release }),
      (error: unknown) => ({ error }),
    );
    await waits(`locktype = 'advisory' AND objid = 4712`);
    await holder.query(
      `SELECT pg_cancel_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4712 AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()); SELECT pg_advisory_unlock(4712)`,
    );
    expect(await published).toMatchObject({ error: { type: 'StatementCancelled' } });
  } finally {
    holder.release();
  }
  await notPublished();
});

it('behind a reader and a change of definition of the view, writers do not stand behind the fence for longer than a try', async () => {
  await approved('triggers');
  const armedView = await world.arm();
  const reader = new pg.Client({ connectionString: world.adminUrl });
  const changer = new pg.Client({ connectionString: world.adminUrl });
  await Promise.all([reader.connect(), changer.connect()]);
  let changing: Promise<unknown> = Promise.resolve();
  try {
    await reader.query('BEGIN; SELECT count(*) FROM finance.sales_current');
    changing = changer.query('ALTER VIEW finance.sales_current SET (security_barrier = false)');
    await waits(`mode = 'AccessExclusiveLock'`);
    const refused = world.session(async (session) => {
      await session.change({ text: 'SET lock_timeout = 0; SET statement_timeout = 5000', values: [] });
      return session.rows(publishRelease({ plan, fence: 1_000, expected: null, windowMs: 60_000, armedView }));
    });
    expect(await sqlstate(refused)).toMatchObject({ code: '55P03' });
  } finally {
    await reader.end();
    await changing;
    await changer.end();
  }
});
