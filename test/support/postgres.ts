import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';

export interface TestDatabase {
  /** Superuser on this database. */
  readonly url: string;
  readonly name: string;
  /** Sessions that are still connected are ended. */
  drop(): Promise<void>;
}

/** A new database, empty or copied from the database `template`. */
export async function createDatabase(template?: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asAdmin((client) =>
    client.query(`create database ${name} template ${client.escapeIdentifier(template ?? 'template1')}`),
  );
  return {
    name,
    url: urlOf(name),
    drop: () =>
      asAdmin(async (client) => {
        await client.query(`drop database if exists ${name} with (force)`);
      }),
  };
}

/**
 * Builds the template database `name` once a run, whichever test file asks first; the others wait for it. Under another `version` (in watch
 * mode: of the migrations, say) it is built anew. `build` gets the new database's URL and must close what it connects.
 */
export async function ensureTemplate(
  name: string,
  version: string,
  build: (adminUrlOfDb: string) => Promise<void>,
): Promise<void> {
  const database = templateDatabase(name);
  await asAdmin(async (client) => {
    const quoted = client.escapeIdentifier(database);
    await client.query('select pg_advisory_lock(hashtext($1))', [database]);
    const { rows } = await client.query<{ version: string | null }>(
      `select shobj_description(oid, 'pg_database') as version from pg_database where datname = $1`,
      [database],
    );
    if (rows[0]?.version === version) return;
    if (rows.length > 0) {
      await client.query(`alter database ${quoted} is_template false`);
      await client.query(`drop database ${quoted} with (force)`);
    }
    await client.query(`create database ${quoted}`);
    await build(urlOf(database));
    // A copy is refused while anybody is connected to the original: from here on nobody can be.
    await client.query(`alter database ${quoted} allow_connections false is_template true`);
    // Last: a template without its version was never finished.
    await client.query(`comment on database ${quoted} is ${client.escapeLiteral(version)}`);
  });
}

/** A database of the caller's own, copied from what `ensureTemplate` built. */
export async function cloneTemplate(name: string): Promise<TestDatabase> {
  return createDatabase(templateDatabase(name));
}

function templateDatabase(name: string): string {
  return `template_${name}`;
}

function urlOf(database: string): string {
  const url = new URL(inject('adminUrl'));
  url.pathname = `/${database}`;
  return url.href;
}

/** Ending the session gives its advisory lock back too. */
async function asAdmin<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: inject('adminUrl') });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
