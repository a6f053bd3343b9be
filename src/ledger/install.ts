import type { CaptureMode } from '../domain/dataset-contract.ts';
import type { QualifiedName } from '../domain/names.ts';
import { formatName } from '../domain/names.ts';
import { readTable, readView } from '../warehouse/postgres/catalogue.ts';
import type { Session } from '../warehouse/session.ts';
import { SHORT, createPool, withRollback, withSession, withTransaction } from '../warehouse/session.ts';
import { ident, literal, sql } from '../warehouse/sql.ts';
import type { Migration } from './scripts.ts';
import { datasetScript, ledgerGrants, migrationsExpected } from './scripts.ts';

export interface InstallOptions {
  readonly dataset: QualifiedName;
  readonly view: QualifiedName;
  readonly partitionKey: string;
  readonly worker: string;
  /** Owns schema governance; a role that nobody logs in as. Created when it is missing. */
  readonly ledgerOwner: string;
  /** As the contract says it; `fingerprints` leaves out everything that makes a trigger. Default: triggers. */
  readonly capture?: CaptureMode;
}

/**
 * Migrates the ledger and installs the dataset's elevated functions, in one transaction, as an administrator.
 * Run again it changes only what is missing or of another version. Returns what was done, one line each.
 */
export async function install(adminUrl: string, options: InstallOptions): Promise<readonly string[]> {
  return asAdmin(adminUrl, (session) =>
    withTransaction(session, async () => {
      await session.change(sql(LOCK));
      const steps = await missingSteps(session, options);
      for (const step of steps) await session.change(sql(step.script));
      return steps.flatMap((step) => (step.done === null ? [] : [step.done]));
    }),
  );
}

/** What `install` would run now, as one transaction for any client, to be reviewed and run by whoever administers the warehouse. */
export async function printScript(adminUrl: string, options: InstallOptions): Promise<string> {
  const steps = await asAdmin(adminUrl, (session) => withRollback(session, () => missingSteps(session, options)));
  return ['BEGIN;', `${LOCK};`, ...steps.map((step) => step.script), 'COMMIT;', ''].join('\n');
}

export const LOCK = `SELECT pg_advisory_xact_lock(hashtextextended('controlled-backfill:install', 0))`;

export interface Step {
  readonly script: string;
  /** One line for people; null for what needs no mention. */
  readonly done: string | null;
}

async function asAdmin<T>(adminUrl: string, use: (session: Session) => Promise<T>): Promise<T> {
  const pool = createPool(adminUrl, 1);
  try {
    return await withSession(pool, { ...SHORT, statementTimeoutMs: 120_000, lockTimeoutMs: 10_000 }, use);
  } finally {
    await pool.end();
  }
}

async function missingSteps(session: Session, options: InstallOptions): Promise<Step[]> {
  return [
    ...(await ledgerSteps(session, options.ledgerOwner)),
    { script: ledgerGrants(options.worker), done: null },
    {
      script: await scriptFor(session, options),
      done: `installed the elevated functions of ${formatName(options.dataset)}`,
    },
  ];
}

/** Owner, schema and migrations of the ledger, as far as they are missing. */
export async function ledgerSteps(session: Session, ledgerOwner: string): Promise<Step[]> {
  const owner = ident(ledgerOwner);
  const { known } = await session.one<{ known: boolean }>(
    sql('SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS known', ledgerOwner),
  );
  return [
    ...(known ? [] : [{ script: `CREATE ROLE ${owner} NOLOGIN;`, done: `created role ${ledgerOwner}` }]),
    { script: `CREATE SCHEMA IF NOT EXISTS governance AUTHORIZATION ${owner};`, done: null },
    { script: `SET LOCAL ROLE ${owner};`, done: null },
    ...(await missingMigrations(session)).map(migrationStep),
    { script: 'RESET ROLE;', done: null },
  ];
}

function migrationStep({ number, name, text, sha256 }: Migration): Step {
  const row = [number, literal(name), literal(sha256)].join(', ');
  return {
    script: `${text.trimEnd()}\nINSERT INTO governance.migrations (number, name, sha256) VALUES (${row});`,
    done: `applied ${name}`,
  };
}

async function missingMigrations(session: Session): Promise<Migration[]> {
  const applied = await appliedMigrations(session);
  return migrationsExpected().filter((migration) => {
    const have = applied.find((one) => one.number === migration.number);
    if (have !== undefined && have.sha256 !== migration.sha256)
      throw new Error(
        `migration ${migration.name} was applied with another content; this version cannot use that ledger`,
      );
    return have === undefined;
  });
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
    capture: options.capture ?? 'triggers',
  }).text;
}
