import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { install, printScript } from '../../src/ledger/install.ts';
import { migrationsExpected } from '../../src/ledger/scripts.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';
import { sqlstate } from '../support/sqlstate.ts';

let world: SmallDataset;
beforeAll(async () => {
  world = await createDataset();
});
afterAll(() => world.end());

/** Everything the catalogue says of schema governance: relations, functions with their text, rights, triggers. */
const CATALOGUE = `
  SELECT c.relname AS name, c.relkind::text AS kind, c.relacl::text AS rights, c.relowner::regrole::text AS owner FROM pg_class c WHERE c.relnamespace = 'governance'::regnamespace
  UNION ALL SELECT p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', md5(pg_get_functiondef(p.oid)), p.proacl::text, p.proowner::regrole::text FROM pg_proc p WHERE p.pronamespace = 'governance'::regnamespace
  UNION ALL SELECT t.tgname || ' on ' || t.tgrelid::regclass, pg_get_triggerdef(t.oid), t.tgenabled::text, '' FROM pg_trigger t WHERE NOT t.tgisinternal
  ORDER BY 1, 2`;

describe('the installation', () => {
  it('changes nothing when it is run again', async () => {
    const before = await world.query(CATALOGUE);
    const applied = await world.query('SELECT * FROM governance.migrations');
    expect(await install(world.adminUrl, world.installOptions)).toEqual([
      'installed the elevated functions of finance.sales_by_day',
    ]);
    expect(await world.query(CATALOGUE)).toEqual(before);
    expect(await world.query('SELECT * FROM governance.migrations')).toEqual(applied);
  });

  it('keeps the pointer of a dataset that shows a release', async () => {
    await world.query(`UPDATE governance.active_releases SET epoch = 7`);
    await install(world.adminUrl, world.installOptions);
    expect(await world.query('SELECT dataset, epoch FROM governance.active_releases')).toEqual([
      { dataset: 'finance.sales_by_day', epoch: '7' },
    ]);
  });

  it('refuses a ledger whose migration was applied with another content', async () => {
    const [first] = migrationsExpected();
    await world.query(`UPDATE governance.migrations SET sha256 = 'other' WHERE number = $1`, [first?.number]);
    await expect(install(world.adminUrl, world.installOptions)).rejects.toThrow(
      'migration 0001_ledger.sql was applied with another content; this version cannot use that ledger',
    );
    await world.query('UPDATE governance.migrations SET sha256 = $2 WHERE number = $1', [first?.number, first?.sha256]);
  });

  it('prints exactly what it would run, and running that by hand is the same installation', async () => {
    const bare = await createDataset({ installed: false });
    try {
      const script = await printScript(bare.adminUrl, bare.installOptions);
      await bare.query(script);
      expect(await bare.query(CATALOGUE)).toEqual(await world.query(CATALOGUE));
      // The ledger knows what was applied: a later installation goes on from there.
      expect(await install(bare.adminUrl, bare.installOptions)).toEqual([
        'installed the elevated functions of finance.sales_by_day',
      ]);
      const hashes = 'SELECT dataset, function_prefix, script_sha256 FROM governance.datasets';
      expect(await bare.query(hashes)).toEqual(await world.query(hashes));
    } finally {
      await bare.end();
    }
  });
});

describe('the elevated functions', () => {
  const OURS = `SELECT p.oid, p.oid::regprocedure::text AS signature, p.proname AS name, p.prosecdef AS definer, p.proconfig AS settings, p.prorettype = 'trigger'::regtype AS trigger
                  FROM pg_proc p WHERE p.pronamespace = 'governance'::regnamespace ORDER BY 2`;

  it('may be executed by nobody but the worker and the owners', async () => {
    const found = await world.query<{ signature: string; holders: string[] }>(
      `SELECT p.oid::regprocedure::text AS signature, array(SELECT r.rolname FROM pg_roles r WHERE NOT r.rolsuper AND has_function_privilege(r.oid, p.oid, 'EXECUTE') AND r.rolname !~ '^pg_' ORDER BY 1)::text[] AS holders
         FROM pg_proc p WHERE p.pronamespace = 'governance'::regnamespace`,
    );
    const known = ['backfill_ledger', 'backfill_worker', 'finance_owner', 'finance_views'];
    expect(found.filter(({ holders }) => holders.some((holder) => !known.includes(holder)))).toEqual([]);
  });

  it('are all there for the worker that calls them', async () => {
    const [prefix] = await world.query<{ prefix: string }>('SELECT function_prefix AS prefix FROM governance.datasets');
    const names = [
      'attach_capture(text)',
      'detach_capture(text)',
      'prove_capture(text)',
      'consolidate(text, integer)',
      'differences(text)',
      'shape_view(text, text)',
    ];
    for (const name of names) {
      const [row] = await world.query<{ may: boolean }>(
        `SELECT has_function_privilege('backfill_worker', $1, 'EXECUTE') AS may`,
        [`governance.${prefix?.prefix}_${name}`],
      );
      expect(row?.may, name).toBe(true);
    }
    const fence = `SELECT governance.${prefix?.prefix}_fence()`;
    expect(await sqlstate(world.as('backfill_worker', fence))).toMatchObject({ code: '42501' });
    expect(await sqlstate(world.as('dashboard', fence))).toMatchObject({ code: '42501' });
  });

  it('pin their search path, temporary objects last', async () => {
    const found = await world.query<{ signature: string; settings: string[] | null }>(OURS);
    expect(found.filter(({ settings }) => !settings?.includes('search_path=pg_catalog, pg_temp'))).toEqual([]);
  });

  it('cannot be misled by functions, operators and tables of the same names that the caller plants', async () => {
    const plan = await world.plan();
    await world.preserve();
    // In pg_temp and in a schema before pg_catalog: each would raise if anything of ours reached it.
    const planted = `
      CREATE SCHEMA IF NOT EXISTS planted;
      CREATE OR REPLACE FUNCTION planted.strpos(text, text) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RAISE 'reached planted code'; END $$;
      CREATE OR REPLACE FUNCTION planted.format(text, VARIADIC "any") RETURNS text LANGUAGE internal AS 'text_format';
      CREATE OR REPLACE FUNCTION planted.quote_literal(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'reached planted code'; END $$;
      CREATE OR REPLACE FUNCTION planted.substr(text, integer, integer) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'reached planted code'; END $$;
      GRANT USAGE ON SCHEMA planted TO PUBLIC;`;
    await world.query(planted);
    const calls = `
      SET search_path = planted, pg_temp, pg_catalog;
      CREATE TEMPORARY TABLE pg_trigger (tgrelid oid);
      CREATE TEMPORARY TABLE backfill_runs (backfill_id text);
      CREATE TEMPORARY TABLE dirty_partitions (backfill_id text);
      SELECT governance.${plan.functionPrefix}_detach_capture('fix-tax');
      SELECT governance.${plan.functionPrefix}_attach_capture('fix-tax');
      SELECT governance.${plan.functionPrefix}_prove_capture('fix-tax');
      SELECT governance.${plan.functionPrefix}_shape_view('fix-tax', 'plain');`;
    await world.as('backfill_worker', calls);
    const [{ whole } = { whole: false }] = await world.query<{ whole: boolean }>(
      `SELECT governance.capture_is_whole('fix-tax', 'finance.sales_by_day') AS whole`,
    );
    expect(whole).toBe(true);
    const reachable = `SET search_path = planted, pg_catalog; SELECT strpos('a', 'b')`;
    expect(await sqlstate(world.as('backfill_worker', reachable))).toMatchObject({ code: 'P0001' });
  });
});
