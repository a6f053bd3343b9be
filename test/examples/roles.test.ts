import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LoginRole } from '../../examples/daily-revenue/roles.ts';
import { derivedRolePassword, LOGIN_ROLES, OWNER_ROLES } from '../../examples/daily-revenue/roles.ts';
import { createEmptyScenario } from '../../examples/daily-revenue/seed.ts';
import { withClient } from '../../examples/daily-revenue/with-client.ts';
import { createDatabase } from '../support/postgres.ts';

const VIEW = 'select count(*) from finance.daily_revenue_current';
const BASE = 'select count(*) from finance.daily_revenue';
const FEED = 'select count(*) from staging.revenue_events';
const WRITE_BASE = 'delete from finance.daily_revenue';
const WRITE_FEED = 'delete from staging.revenue_events';
const CREATE = 'create table finance.scratch (); drop table finance.scratch';
const LEDGER = 'select count(*) from governance.data_releases';

const ALLOWED: Record<LoginRole, readonly string[]> = {
  revenue_pipeline: [BASE, FEED, WRITE_BASE, WRITE_FEED],
  dashboard: [VIEW],
  finance_export: [VIEW],
  backfill_worker: [VIEW, BASE, FEED, CREATE],
};

describe('the roles of the scenario', () => {
  let database: Awaited<ReturnType<typeof createDatabase>>;
  let urls: Readonly<Record<LoginRole, string>>;

  beforeAll(async () => {
    database = await createDatabase();
    ({ urls } = await createEmptyScenario(database.url, { rolePassword: derivedRolePassword(database.url) }));
    await withClient(database.url, (client) =>
      client.query('create schema governance authorization backfill_ledger; create table governance.data_releases ()'),
    );
  });

  afterAll(() => database.drop());

  const cases = LOGIN_ROLES.flatMap((role) =>
    [VIEW, BASE, FEED, WRITE_BASE, WRITE_FEED, CREATE, LEDGER].map((statement) => ({
      role,
      statement,
      verdict: ALLOWED[role].includes(statement) ? 'may' : 'may not',
    })),
  );

  it.each(cases)('$role $verdict run: $statement', async ({ role, statement, verdict }) => {
    const outcome = withClient(urls[role], (client) => client.query(statement));
    if (verdict === 'may') await expect(outcome).resolves.toBeDefined();
    else await expect(outcome).rejects.toMatchObject({ code: '42501' });
  });

  it('are never superusers, and owners do not log in', async () => {
    const roles = await withClient(database.url, (client) =>
      client.query<{ rolname: string; rolcanlogin: boolean; elevated: boolean }>(
        `select rolname, rolcanlogin, rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls as elevated
         from pg_roles where rolname = any ($1)`,
        [[...OWNER_ROLES, ...LOGIN_ROLES]],
      ),
    );
    expect(roles.rows.filter((role) => role.elevated)).toEqual([]);
    expect(
      roles.rows
        .filter((role) => !role.rolcanlogin)
        .map((role) => role.rolname)
        .sort(),
    ).toEqual([...OWNER_ROLES].sort());
  });

  it('are refused when they are to keep a password that is not theirs', async () => {
    await expect(createEmptyScenario(database.url, { rolePassword: () => 'another' })).rejects.toThrow(
      'role revenue_pipeline exists on this server with another password than the one it was asked to have',
    );
  });

  it('let the owner of the view replace it', async () => {
    await withClient(database.url, async (client) => {
      await client.query('set role finance_views');
      await client.query('create or replace view finance.daily_revenue_current as select * from finance.daily_revenue');
    });
  });

  it('are made once when several databases of a server are seeded at the same time', async () => {
    const others = await Promise.all([createDatabase(), createDatabase(), createDatabase()]);
    try {
      const seeded = await Promise.all(
        others.map(({ url }) => createEmptyScenario(url, { rolePassword: derivedRolePassword(url) })),
      );
      for (const scenario of seeded) await withClient(scenario.urls.dashboard, (client) => client.query(VIEW));
      await withClient(urls.dashboard, (client) => client.query(VIEW));
    } finally {
      await Promise.all(others.map((other) => other.drop()));
    }
  });
});
