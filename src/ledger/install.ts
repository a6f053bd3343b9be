import type { QualifiedName } from '../domain/names.ts';
import { formatName } from '../domain/names.ts';
import { readTable, readView } from '../warehouse/postgres/catalogue.ts';
import type { Session } from '../warehouse/session.ts';
import { SHORT, createPool, withRollback, withSession, withTransaction } from '../warehouse/session.ts';
import { ident, sql } from '../warehouse/sql.ts';
import { datasetScript, ledgerGrants, migrationsExpected } from './scripts.ts';

export interface InstallOptions {
  readonly dataset: QualifiedName;
  readonly view: QualifiedName;
  readonly partitionKey: string;
  readonly worker: string;
  /** Owns schema governance; a role that nobody logs in as. Created when it is missing. */
  readonly ledgerOwner: string;
}

const LOCK = `SELECT pg_advisory_xact_lock(hashtextextended('controlled-backfill:install', 0))`;

/**
 * Migrates the ledger and installs the dataset's elevated functions, in one transaction, as an administrator.
 * Run again it changes only what is missing or of another version. Returns what was done, one line each.
 */
export async function install(adminUrl: string, options: InstallOptions): Promise<readonly string[]> {
  const pool = createPool(adminUrl, 1);
  try {
    return await withSession(pool, { ...SHORT, statementTimeoutMs: 120_000, lockTimeoutMs: 10_000 }, (session) =>
      withTransaction(session, async () => {
        await session.change(sql(LOCK));
        const migrated = await migrate(session, options.ledgerOwner);
        await session.change(sql(ledgerGrants(options.worker)));
        const script = await scriptFor(session, options);
        await session.change(sql(script));
        return [...migrated, `installed the elevated functions of ${formatName(options.dataset)}`];
      }),
    );
  } finally {
    await pool.end();
  }
}

/** What `install` would run for the dataset, to be reviewed first. */
export async function printScript(adminUrl: string, options: InstallOptions): Promise<string> {
  const pool = createPool(adminUrl, 1);
  try {
    return await withSession(pool, SHORT, async (session) => {
      const migrations = migrationsExpected().map((migration) => `-- ${migration.name}\n${migration.text}`);
      const script = await withRollback(session, () => scriptFor(session, options));
      return [
        `SET ROLE ${ident(options.ledgerOwner)};`,
        ...migrations,
        'RESET ROLE;',
        ledgerGrants(options.worker),
        script,
      ].join('\n');
    });
  } finally {
    await pool.end();
  }
}

async function migrate(session: Session, owner: string): Promise<string[]> {
  await ensureOwner(session, owner);
  const applied = await appliedMigrations(session);
  const done: string[] = [];
  await session.change(sql(`SET LOCAL ROLE ${ident(owner)}`));
  for (const migration of migrationsExpected()) {
    const have = applied.find((one) => one.number === migration.number);
    if (have !== undefined && have.sha256 !== migration.sha256)
      throw new Error(
        `migration ${migration.name} was applied with another content; this version cannot use that ledger`,
      );
    if (have !== undefined) continue;
    await session.change(sql(migration.text));
    await session.change(
      sql(
        'INSERT INTO governance.migrations (number, name, sha256) VALUES ($1, $2, $3)',
        migration.number,
        migration.name,
        migration.sha256,
      ),
    );
    done.push(`applied ${migration.name}`);
  }
  await session.change(sql('RESET ROLE'));
  return done;
}

async function ensureOwner(session: Session, owner: string): Promise<void> {
  const { known } = await session.one<{ known: boolean }>(
    sql('SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS known', owner),
  );
  if (!known) await session.change(sql(`CREATE ROLE ${ident(owner)} NOLOGIN`));
  await session.change(sql(`CREATE SCHEMA IF NOT EXISTS governance AUTHORIZATION ${ident(owner)}`));
}

async function appliedMigrations(session: Session): Promise<{ number: number; sha256: string }[]> {
  const { there } = await session.one<{ there: boolean }>(
    sql(`SELECT to_regclass('governance.migrations') IS NOT NULL AS there`),
  );
  return there ? session.rows(sql('SELECT number, sha256 FROM governance.migrations')) : [];
}

async function scriptFor(session: Session, options: InstallOptions): Promise<string> {
  const table = await readTable(session, options.dataset);
  const view = await readView(session, options.view, options.dataset);
  if (table === null) throw new Error(`table ${formatName(options.dataset)} does not exist`);
  if (view === null) throw new Error(`view ${formatName(options.view)} does not exist`);
  const key = table.columns.find((column) => column.name === options.partitionKey);
  if (key === undefined) throw new Error(`${formatName(options.dataset)} has no column ${options.partitionKey}`);
  return datasetScript({
    dataset: options.dataset,
    view: options.view,
    tableOwner: table.owner,
    viewOwner: view.owner,
    worker: options.worker,
    ledgerOwner: options.ledgerOwner,
    key,
  }).text;
}
