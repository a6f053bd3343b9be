import { createHmac, randomBytes } from 'node:crypto';
import { DatabaseError, type Client } from 'pg';
import { onDatabase, withLogin, withClient, withTransaction } from './with-client.ts';

/** Own things, never log in. `backfill_ledger` is there to own schema `governance` and gets nothing here. */
export const OWNER_ROLES = ['staging_owner', 'finance_owner', 'finance_views', 'backfill_ledger'] as const;

export const LOGIN_ROLES = ['revenue_pipeline', 'dashboard', 'finance_export', 'backfill_worker'] as const;
export type LoginRole = (typeof LOGIN_ROLES)[number];

/** Decides a role's password; must answer the same for every database of one server. */
export type RolePassword = (role: LoginRole) => string;

/**
 * Passwords that follow from the administrator's: everybody who seeds a database of one server as the same administrator
 * gets the same ones, without having to talk to each other.
 */
export function derivedRolePassword(adminUrl: string): RolePassword {
  const { password } = new URL(adminUrl);
  return (role) => createHmac('sha256', decodeURIComponent(password)).update(role).digest('base64url');
}

/** Roles belong to the server, so the lock is taken where every seeding of that server meets. The number is arbitrary. */
const ROLES_LOCK = 715_204_118;

/**
 * Makes sure that the scenario's roles exist with the attributes they need, and answers their passwords.
 * With `rolePassword` an existing role keeps its password, because another database of the server may be in use with it;
 * without, every login role gets a new random one. Throws when a kept password is not the one that `rolePassword` answers.
 */
export async function ensureRoles(adminUrl: string, rolePassword?: RolePassword): Promise<Record<LoginRole, string>> {
  const passwords = Object.fromEntries(
    LOGIN_ROLES.map((role) => [role, rolePassword?.(role) ?? randomBytes(18).toString('base64url')]),
  ) as Record<LoginRole, string>;
  const kept: LoginRole[] = [];
  await withClient(onDatabase(adminUrl, 'postgres'), (client) =>
    withTransaction(client, async () => {
      await client.query('select pg_advisory_xact_lock($1)', [ROLES_LOCK]);
      for (const role of OWNER_ROLES) await ensureRole(client, role, 'nologin');
      for (const role of LOGIN_ROLES) {
        const created = await ensureRole(client, role, 'login');
        if (!created && rolePassword) kept.push(role);
        else await client.query(`alter role ${role} password ${client.escapeLiteral(passwords[role])}`);
      }
      await client.query('grant pg_read_all_stats to backfill_worker');
      await mayBecome(client, 'dashboard');
    }),
  );
  for (const role of kept) await assertLogin(adminUrl, role, passwords[role]);
  return passwords;
}

/** The canary of the dashboard's queries runs as the role that asks them; nothing else of the worker's gets its rights. */
async function mayBecome(client: Client, role: LoginRole): Promise<void> {
  const { rows } = await client.query<{ options: boolean }>(
    `select current_setting('server_version_num')::int >= 160000 as options`,
  );
  const options = rows[0]?.options === true ? ' with inherit false, set true' : '';
  await client.query(`grant ${role} to backfill_worker${options}`);
}

/** Answers whether the role is new. The loser of a race with somebody who does not take our lock finds it existing. */
async function ensureRole(client: Client, role: string, login: 'login' | 'nologin'): Promise<boolean> {
  const before = await client.query('select from pg_roles where rolname = $1', [role]);
  await client.query(
    `do $$ begin create role ${role}; exception when duplicate_object or unique_violation then null; end $$`,
  );
  const attributes = `${login} nosuperuser nocreatedb nocreaterole noreplication nobypassrls`;
  await client.query(`alter role ${role} ${attributes}`);
  return before.rowCount === 0;
}

async function assertLogin(adminUrl: string, role: LoginRole, password: string): Promise<void> {
  try {
    await withClient(onDatabase(withLogin(adminUrl, role, password), 'postgres'), async () => undefined);
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.code !== INVALID_PASSWORD) throw error;
    const message =
      `role ${role} exists on this server with another password than the one it was asked to have: ` +
      `drop the role, or seed without rolePassword, which gives every role a new password`;
    throw new Error(message, { cause: error });
  }
}

const INVALID_PASSWORD = '28P01';
