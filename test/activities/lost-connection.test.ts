import { once } from 'node:events';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres } from '../../src/local/embedded-postgres.ts';
import { freePort } from '../../src/local/free-port.ts';
import { createPool, SHORT, withSession } from '../../src/warehouse/session.ts';
import type { Session } from '../../src/warehouse/session.ts';
import { sql } from '../../src/warehouse/sql.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { createDatabase } from '../support/postgres.ts';
import { waitFor } from '../support/wait-for.ts';
import { failureOf } from '../support/workflow-failure.ts';

let database: TestDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  database = await createDatabase();
  pool = createPool(database.url, 4);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const session = <T>(use: (one: Session) => Promise<T>): Promise<T> => withSession(pool, SHORT, use);

/** A way to the server that can be cut: no goodbye in either direction. */
async function startProxy(target: string): Promise<{ url: string; cut: () => void; end: () => void }> {
  const url = new URL(target);
  const { hostname, port } = url;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) sockets.add(socket.on('error', () => socket.destroy()));
    client.pipe(upstream).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    cut: () => sockets.forEach((socket) => socket.destroy()),
    end: () => server.close(),
  };
}

describe('a connection that is lost gives', () => {
  it('WarehouseUnavailable, retried, when an administrator ends the session (57P01), whose connection is not used again', async () => {
    let pid = 0;
    const ended = session(async (one) => {
      pid = one.backendPid;
      await one.rows(sql('SELECT pg_terminate_backend(pg_backend_pid())'));
    });
    expect(await failureOf(ended)).toMatchObject({ type: 'WarehouseUnavailable', retried: true });
    expect(await session(async (one) => one.backendPid)).not.toBe(pid);
  });

  it('WarehouseUnavailable, retried, when a session is ended between two statements', async () => {
    const ended = session(async (one) => {
      await pool.query('SELECT pg_terminate_backend($1)', [one.backendPid]);
      await waitFor(
        async () => (await pool.query('SELECT FROM pg_stat_activity WHERE pid = $1', [one.backendPid])).rowCount === 0,
        {
          timeoutMs: 10_000,
          describe: 'the end of the session',
        },
      );
      await one.rows(sql('SELECT 1'));
    });
    expect(await failureOf(ended)).toMatchObject({ type: 'WarehouseUnavailable', retried: true });
  });

  it.each([
    ['25P03', 'BEGIN; SET LOCAL idle_in_transaction_session_timeout = 50'],
    ['57P05', 'SET idle_session_timeout = 50'],
  ])('WarehouseUnavailable, retried, when we said nothing for too long (%s)', async (code, text) => {
    let pid = 0;
    const silent = session(async (one) => {
      pid = one.backendPid;
      await one.rows(sql(text));
      await waitFor(
        async () => (await pool.query('SELECT FROM pg_stat_activity WHERE pid = $1', [pid])).rowCount === 0,
        { timeoutMs: 10_000, describe: 'the end of the session' },
      );
      await one.rows(sql('SELECT 1'));
    });
    expect(await failureOf(silent)).toMatchObject({ type: 'WarehouseUnavailable', retried: true });
    const busy = session(async (one) => {
      await one.rows(sql(text));
      // As a process that was stopped: the end of the session is read only as the answer to the next statement.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
      await one.rows(sql('SELECT 1'));
    });
    const found = await failureOf(busy);
    expect(found).toMatchObject({ type: 'WarehouseUnavailable', retried: true });
    expect(found.message).toContain(`[${code}]`);
    expect(await session(async (one) => one.backendPid)).not.toBe(pid);
  });

  it('WarehouseUnavailable, retried, when the connection is lost in the middle of a statement', async () => {
    const proxy = await startProxy(database.url);
    const through = createPool(proxy.url, 1);
    try {
      const lost = withSession(through, SHORT, async (one) => {
        const statement = one.rows(sql('SELECT pg_sleep(60)'));
        await waitFor(
          async () =>
            (
              await pool.query(`SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'`, [
                one.backendPid,
              ])
            ).rowCount === 1,
          { timeoutMs: 10_000, describe: 'the statement to run' },
        );
        proxy.cut();
        await statement;
      });
      expect(await failureOf(lost)).toMatchObject({ type: 'WarehouseUnavailable', retried: true });
    } finally {
      await through.end();
      proxy.end();
    }
  });

  it('WarehouseUnavailable, retried, when nobody listens', async () => {
    const nobody = createPool(`postgresql://u:p@127.0.0.1:${await freePort()}/db`, 1);
    const found = await failureOf(withSession(nobody, SHORT, (one) => one.rows(sql('SELECT 1'))));
    expect(found).toMatchObject({ type: 'WarehouseUnavailable', retried: true });
    await nobody.end();
  });
});

describe('a session that ends inside a transaction', () => {
  it('is not given to the next user', async () => {
    const left = await session(async (one) => {
      await one.rows(sql('BEGIN; CREATE TABLE public.left_behind ()'));
      return one.backendPid;
    });
    const after = await session(async (one) => ({
      pid: one.backendPid,
      ...(await one.one<{ left: string | null }>(sql(`SELECT to_regclass('public.left_behind') AS left`))),
    }));
    expect(after.pid).not.toBe(left);
    expect(after.left).toBeNull();
  });
});

describe('a server that is going down', () => {
  it('gives WarehouseUnavailable, retried: when another session crashes, and to whoever comes while it shuts down (57P03)', async () => {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'backfill-server-')));
    const server = await startPostgres({ dataFolder: join(folder, 'postgres'), settings: { fsync: 'off' } });
    const own = createPool(server.adminUrl, 3);
    const one = <T>(use: (session: Session) => Promise<T>): Promise<T> => withSession(own, SHORT, use);
    try {
      const crashed = one(async (survivor) => {
        const sleeping = survivor.rows(sql('SELECT pg_sleep(60)'));
        const asleep = `SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'`;
        await waitFor(async () => (await own.query(asleep)).rowCount === 1, {
          timeoutMs: 10_000,
          describe: 'the statement to run',
        });
        await one(async (victim) => {
          process.kill(victim.backendPid, 'SIGKILL');
          await expect(victim.rows(sql('SELECT 1'))).rejects.toThrow();
        });
        await sleeping;
      });
      const met = await failureOf(crashed);
      expect(met).toMatchObject({ type: 'WarehouseUnavailable', retried: true });
      await waitFor(() => own.query('SELECT 1'), { timeoutMs: 20_000, describe: 'the server to recover' });
      await one(async () => {
        process.kill(server.pid, 'SIGTERM');
        await waitFor(
          async () => {
            const refused = await failureOf(one((late) => late.rows(sql('SELECT 1'))));
            return refused.type === 'WarehouseUnavailable' && refused.retried && refused.message.includes('[57P03]');
          },
          { timeoutMs: 10_000, describe: 'a refusal, because the server shuts down' },
        );
      });
    } finally {
      await own.end();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
