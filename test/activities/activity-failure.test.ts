import { ApplicationFailure } from '@temporalio/common';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Refusal } from '../../src/ledger/refusal.ts';
import { toActivityFailure } from '../../activities/activity-failure.ts';
import type { FailureType } from '../../src/protocol/failures.ts';
import { createPool, SHORT, withSession, withTransaction } from '../../src/warehouse/session.ts';
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
  await pool.query(
    'CREATE TABLE t (id integer PRIMARY KEY, v integer CHECK (v >= 0)); INSERT INTO t VALUES (1, 1), (2, 2)',
  );
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const session = <T>(use: (one: Session) => Promise<T>): Promise<T> => withSession(pool, SHORT, use);
const run = (text: string): Promise<unknown> => session((one) => one.rows(sql(text)));

const TIMED_OUT = { type: 'QueryTimeout', retried: true };

describe('an error of the server becomes', () => {
  it.each<{ code: string; type: FailureType; retried: boolean; text: string }>([
    {
      code: '57014',
      type: 'StatementCancelled',
      retried: false,
      text: 'SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(5)',
    },
    {
      code: '42501',
      type: 'MissingPrivilege',
      retried: false,
      text: 'BEGIN; SET LOCAL ROLE pg_monitor; SELECT * FROM public.t',
    },
    { code: '42P01', type: 'StatementRefused', retried: false, text: 'SELECT * FROM public.nothing' },
    { code: '42703', type: 'StatementRefused', retried: false, text: 'SELECT colour FROM public.t' },
    { code: '23505', type: 'DataRefused', retried: false, text: 'INSERT INTO public.t VALUES (1, 1)' },
    { code: '23514', type: 'DataRefused', retried: false, text: 'INSERT INTO public.t VALUES (3, -1)' },
    { code: '22012', type: 'DataRefused', retried: false, text: 'SELECT 1 / (id - id) FROM public.t' },
    { code: '22003', type: 'DataRefused', retried: false, text: 'SELECT 2147483647 + id FROM public.t' },
    { code: '25006', type: 'WarehouseUnavailable', retried: true, text: 'BEGIN READ ONLY; DELETE FROM public.t' },
    {
      code: '53400',
      type: 'WarehouseUnavailable',
      retried: true,
      text: `SET temp_file_limit = '64kB'; SET work_mem = '64kB'; SELECT g FROM generate_series(1, 100000) g ORDER BY md5(g::text)`,
    },
    {
      code: '25P04',
      type: 'WarehouseUnavailable',
      retried: true,
      text: `SET transaction_timeout = '50ms'; SELECT pg_sleep(5)`,
    },
    {
      code: '08006',
      type: 'WarehouseUnavailable',
      retried: true,
      text: `DO $$ BEGIN RAISE 'connection lost' USING ERRCODE = '08006'; END $$`,
    },
  ])('$type for $code', async ({ code, type, retried, text }) => {
    const found = await failureOf(run(text));
    expect(found).toMatchObject({ type, retried });
    expect(found.message).toContain(`[${code}]`);
  });

  it('DiskFull for 53100, not retried within the activity: the gate closes', async () => {
    const found = await failureOf(run(`DO $$ BEGIN RAISE 'no space left' USING ERRCODE = '53100'; END $$`));
    expect(found).toEqual({
      type: 'DiskFull',
      retried: false,
      message: 'the disk of the warehouse is full (no space left); free space on the server, work goes on by itself',
    });
  });

  it('QueryTimeout for 57014 when the statement ran for as long as it may: retried twice, then a person decides', async () => {
    const slow = (): Promise<unknown> =>
      withSession(pool, { ...SHORT, statementTimeoutMs: 50 }, (one) => one.rows(sql('SELECT pg_sleep(5)')));
    for (const attempt of [1, 2]) expect(await failureOf(slow(), attempt)).toMatchObject(TIMED_OUT);
    expect(await failureOf(slow(), 3)).toMatchObject({
      type: 'QueryTimeout',
      retried: false,
      message: expect.stringMatching(
        /longer than its 0\.05 s, tried 3 times; retry when the warehouse is quieter/,
      ) as string,
    });
  });

  it('LockNotAvailable, retried, behind a lock (55P03)', async () => {
    const holder = await pool.connect();
    try {
      await holder.query('BEGIN; LOCK TABLE public.t');
      const waiting = withSession(pool, { ...SHORT, lockTimeoutMs: 50 }, (one) =>
        one.rows(sql('SELECT * FROM public.t')),
      );
      expect(await failureOf(waiting)).toMatchObject({ type: 'LockNotAvailable', retried: true });
    } finally {
      await holder.query('ROLLBACK');
      holder.release();
    }
  });

  const blockedBy = async (pid: number): Promise<unknown[]> => {
    const { rows } = await pool.query<{ pid: number }>(
      'SELECT pid FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))',
      [pid],
    );
    return rows;
  };

  it('SerializationConflict, retried, in a deadlock (40P01) and after a concurrent change (40001)', async () => {
    const holder = await pool.connect();
    try {
      await holder.query('BEGIN; UPDATE public.t SET v = 1 WHERE id = 1');
      let waiting: Promise<unknown> | undefined;
      const victim = session((one) =>
        withTransaction(one, async () => {
          await one.change(sql('UPDATE public.t SET v = 2 WHERE id = 2'));
          // The one that waits last looks for the cycle; the other would look only after a minute.
          waiting = holder.query(`SET LOCAL deadlock_timeout = '1min'; UPDATE public.t SET v = 1 WHERE id = 2`);
          await waitFor(async () => (await blockedBy(one.backendPid)).length === 1, {
            timeoutMs: 30_000,
            describe: 'the holder to wait for the victim',
          });
          await one.change(sql(`SET LOCAL lock_timeout = 0; SET LOCAL deadlock_timeout = '10ms'`));
          await one.change(sql('UPDATE public.t SET v = 2 WHERE id = 1'));
        }),
      );
      expect(await failureOf(victim)).toMatchObject({ type: 'SerializationConflict', retried: true });
      await waiting;
    } finally {
      await holder.query('ROLLBACK');
      holder.release();
    }
    const stale = session(async (one) => {
      await one.change(sql('BEGIN ISOLATION LEVEL REPEATABLE READ'));
      await one.rows(sql('SELECT * FROM public.t'));
      await pool.query('UPDATE public.t SET v = v + 1');
      await one.change(sql('UPDATE public.t SET v = v + 1'));
    });
    expect(await failureOf(stale)).toMatchObject({ type: 'SerializationConflict', retried: true });
  });

  it('WarehouseUnavailable, retried, when there is no connection left (53300)', async () => {
    await pool.query(`CREATE ROLE crowded LOGIN PASSWORD 'crowded' CONNECTION LIMIT 0`);
    const url = new URL(database.url);
    url.username = url.password = 'crowded';
    const crowded = createPool(url.href, 1);
    try {
      const found = await failureOf(withSession(crowded, SHORT, (one) => one.rows(sql('SELECT 1'))));
      expect(found).toMatchObject({ type: 'WarehouseUnavailable', retried: true });
      expect(found.message).toContain('[53300]');
    } finally {
      await crowded.end();
      await pool.query('DROP ROLE crowded');
    }
  });
});

describe('an error of our own', () => {
  it('is tried for a minute, and then a person has to know', () => {
    const error = new TypeError('x is not a function');
    expect(toActivityFailure(error, 19)).toMatchObject({
      type: 'Unexpected',
      nonRetryable: false,
      message: error.message,
    });
    expect(toActivityFailure(error, 20)).toMatchObject({
      type: 'Unexpected',
      nonRetryable: true,
      message: 'x is not a function; tried 20 times, most likely a defect: see the worker’s log, then retry or abort',
    });
  });

  it('is for a person at once where it is a refusal', () => {
    expect(toActivityFailure(new Refusal('roll it back first'))).toMatchObject({
      type: 'StatementRefused',
      nonRetryable: true,
    });
  });

  it('passes as it is where it says by itself what it is', () => {
    const failure = ApplicationFailure.nonRetryable('refused', 'StaleFence');
    expect(toActivityFailure(failure)).toBe(failure);
  });
});
