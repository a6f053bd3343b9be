import type { Client } from 'pg';
import { createTables, loadHistory } from './load-history.ts';
import type { LoginRole, RolePassword } from './roles.ts';
import { ensureRoles } from './roles.ts';
import { readScenarioFile } from './scenario.ts';
import { onDatabase, withClient, withLogin, withTransaction } from './with-client.ts';

export interface SeedOptions {
  /** Mean over a week is about 1.01 times this. 100 to 100,000, default 2,000. */
  readonly eventsPerDay?: number;
  /** Database to seed, created when missing; default: the one in the URL. */
  readonly database?: string;
  /** Keeps existing passwords and makes new ones predictable; default: new random passwords each time. */
  readonly rolePassword?: RolePassword;
  readonly log?: (line: string) => void;
}

export interface SeededScenario {
  /** One URL a login role, with its password. */
  readonly urls: Readonly<Record<LoginRole, string>>;
}

/** Two seedings of one database wait for each other. The number is arbitrary. */
const SEEDING_LOCK = 715_204_119;

/**
 * Brings the scenario into a database: schemas `staging` and `finance`, roles, eighteen months of wrongly computed
 * revenue, and the days since that are right. A database that holds it already, at the same size, keeps its data;
 * otherwise both schemas are dropped and built again in one transaction. `adminUrl` must be a superuser's.
 */
export async function seedDailyRevenue(adminUrl: string, options: SeedOptions = {}): Promise<SeededScenario> {
  const eventsPerDay = options.eventsPerDay ?? 2000;
  if (!Number.isInteger(eventsPerDay) || eventsPerDay < 100 || eventsPerDay > 100_000) {
    throw new RangeError(`eventsPerDay is ${eventsPerDay}: give a whole number from 100 to 100000`);
  }
  const log = options.log ?? (() => undefined);
  const label = seedLabel(eventsPerDay);
  return withScenario(adminUrl, options, async (client) => {
    if ((await readLabel(client)) === label) {
      await client.query(await readScenarioFile('seed/grants.sql'));
      log(`daily revenue: already there with ${eventsPerDay} events a day`);
      return;
    }
    await withTransaction(client, async () => {
      await createTables(client);
      await loadHistory(client, eventsPerDay, log);
    });
    // Without this, autovacuum starts on the freshly loaded tables in the middle of whatever is shown or measured next.
    await client.query('vacuum (analyze) staging.merchants, staging.revenue_events, finance.daily_revenue');
    await client.query(`comment on schema staging is ${client.escapeLiteral(label)}`);
  });
}

/** The scenario's roles and tables without a single row, whatever the database held before. */
export async function createEmptyScenario(
  adminUrl: string,
  options: Pick<SeedOptions, 'database' | 'rolePassword'> = {},
): Promise<SeededScenario> {
  return withScenario(adminUrl, options, (client) => withTransaction(client, () => createTables(client)));
}

async function withScenario(
  adminUrl: string,
  options: Pick<SeedOptions, 'database' | 'rolePassword'>,
  fill: (client: Client) => Promise<void>,
): Promise<SeededScenario> {
  const passwords = await ensureRoles(adminUrl, options.rolePassword);
  if (options.database !== undefined) await ensureDatabase(adminUrl, options.database);
  const url = options.database === undefined ? adminUrl : onDatabase(adminUrl, options.database);
  await withClient(url, async (client) => {
    await client.query('select pg_advisory_lock($1)', [SEEDING_LOCK]);
    await fill(client);
  });
  const urls = Object.entries(passwords).map(([role, password]) => [role, withLogin(url, role, password)]);
  return { urls: Object.fromEntries(urls) as Record<LoginRole, string> };
}

async function ensureDatabase(adminUrl: string, database: string): Promise<void> {
  await withClient(onDatabase(adminUrl, 'postgres'), async (client) => {
    await client.query('select pg_advisory_lock($1)', [SEEDING_LOCK]);
    const found = await client.query('select from pg_database where datname = $1', [database]);
    if (found.rowCount === 0) await client.query(`create database ${client.escapeIdentifier(database)}`);
  });
}

/** Says what the database holds, as the comment of schema `staging`. Raise the layout when the seed's SQL changes. */
function seedLabel(eventsPerDay: number): string {
  return `Feeds as they arrive. Demonstration data: layout 1, ${eventsPerDay} events a day.`;
}

async function readLabel(client: Client): Promise<string | null> {
  const { rows } = await client.query<{ label: string | null }>(
    `select obj_description(to_regnamespace('staging'), 'pg_namespace') as label`,
  );
  return rows[0]?.label ?? null;
}
