import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { PostgresServer } from '../../src/local/embedded-postgres.ts';
import { startPostgres } from '../../src/local/embedded-postgres.ts';
import { inspectProcess } from '../../src/local/process-table.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { compiled, killOutright, runUntilFirstLine } from './run-compiled.ts';
import { makeZombie } from './zombie.ts';

const settings = { fsync: 'off', shared_buffers: '16MB' };

async function start(dataFolder: string, port?: number): Promise<PostgresServer> {
  const server = await startPostgres({ dataFolder, settings, ...(port ? { port } : {}) });
  onTestFinished(() => server.stop());
  return server;
}

async function query(server: PostgresServer, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: server.adminUrl });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

function lockFile(dataFolder: string, pid: number): void {
  writeFileSync(
    join(dataFolder, 'postmaster.pid'),
    `${pid}\n${dataFolder}\n1700000000\n5432\n\n127.0.0.1\n\nready   \n`,
  );
}

describe('a PostgreSQL of our own', () => {
  test('starts on an empty folder, keeps its data and its port over a restart, and keeps its password to its owner', async () => {
    const dataFolder = join(temporaryFolder(), 'postgres');
    const first = await start(dataFolder);
    expect(first.how).toBe('started');
    await query(first, 'create table kept as select 42 as answer');
    await first.stop();
    expect(inspectProcess(first.pid)).toBeNull();

    const second = await start(dataFolder, first.port);
    expect(second).toMatchObject({ how: 'started', port: first.port });
    expect(await query(second, 'select answer from kept')).toEqual([{ answer: 42 }]);
    expect(await query(second, 'select current_user')).toEqual([{ current_user: 'app' }]);
    expect(statSync(join(dataFolder, 'superuser.password')).mode & 0o777).toBe(0o600);
    await second.stop();
    await second.stop(); // Stopped already: nothing to do.
  });

  test('is adopted when whoever started it was killed', async () => {
    const dataFolder = join(temporaryFolder(), 'postgres');
    const { child, line } = await runUntilFirstLine<{ pid: number; port: number }>(`
      const { startPostgres } = await import('${compiled}src/local/embedded-postgres.js');
      const { pid, port } = await startPostgres({ dataFolder: '${dataFolder}', settings: ${JSON.stringify(settings)} });
      console.log(JSON.stringify({ pid, port }));
      setInterval(() => undefined, 60_000);`);
    await killOutright(child);

    const adopted = await start(dataFolder);
    expect(adopted).toMatchObject({ how: 'adopted', pid: line.pid, port: line.port });
    expect(await query(adopted, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('is one server for two that start it at the same time', async () => {
    const dataFolder = join(temporaryFolder(), 'postgres');
    const [one, other] = await Promise.all([start(dataFolder), start(dataFolder)]);
    expect(one.pid).toBe(other.pid);
    expect([one.how, other.how].sort()).toEqual(['adopted', 'started']);
  });

  test('is restarted when the server itself was killed', async () => {
    const dataFolder = join(temporaryFolder(), 'postgres');
    const killed = await start(dataFolder);
    await query(killed, 'create table kept as select 42 as answer; checkpoint');
    process.kill(killed.pid, 'SIGKILL');

    const again = await start(dataFolder);
    expect(again.how).toBe('restarted after a crash');
    expect(again.pid).not.toBe(killed.pid);
    expect(await query(again, 'select answer from kept')).toEqual([{ answer: 42 }]);
  });

  test.runIf(process.platform === 'linux').each([
    ['a zombie', makeZombie],
    ['a program of somebody else', async () => process.ppid],
    ['nobody', async () => 4_194_304],
  ])('clears a lock that names %s, and leaves that process alone', async (_, pidInLock) => {
    const dataFolder = join(temporaryFolder(), 'postgres');
    await (await start(dataFolder)).stop();
    const pid = await pidInLock();
    lockFile(dataFolder, pid);
    const before = existsSync(`/proc/${pid}`);

    expect((await start(dataFolder)).how).toBe('restarted after a crash');
    expect(existsSync(`/proc/${pid}`)).toBe(before);
  });

  test('says whose data it is that another version cannot serve', async () => {
    const dataFolder = join(temporaryFolder(), 'postgres');
    mkdirSync(dataFolder);
    writeFileSync(join(dataFolder, 'PG_VERSION'), '12\n');
    await expect(startPostgres({ dataFolder })).rejects.toThrow(
      `${dataFolder} holds data of PostgreSQL 12, but the server here is PostgreSQL 18.`,
    );
  });

  test("passes on the server's own words where it does not start", async () => {
    const dataFolder = join(temporaryFolder(), 'postgres');
    await expect(startPostgres({ dataFolder, settings: { shared_buffers: 'plenty' } })).rejects.toThrow(
      /did not start on .*invalid value for parameter "shared_buffers": "plenty"/,
    );
  });
});
