import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { inspectProcess } from '../../src/local/process-table.ts';
import type { TemporalServer } from '../../src/local/temporal-server.ts';
import { startTemporal } from '../../src/local/temporal-server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { compiled, killOutright, runUntilFirstLine } from './run-compiled.ts';

async function start(databaseFile: string): Promise<TemporalServer> {
  const server = await startTemporal({ databaseFile, log: (line) => process.stderr.write(`${line}\n`) });
  onTestFinished(() => server.stop());
  return server;
}

async function namespaces(address: string): Promise<string[]> {
  const connection = await Connection.connect({ address });
  try {
    const { namespaces: found } = await connection.workflowService.listNamespaces({});
    return found.map(({ namespaceInfo }) => namespaceInfo?.name ?? '');
  } finally {
    await connection.close();
  }
}

describe('a Temporal server of our own', () => {
  test('is adopted when whoever started it was killed, and stopped by whoever adopted it', async () => {
    const databaseFile = join(temporaryFolder(), 'temporal.db');
    const { child, line } = await runUntilFirstLine<{ pid: number; address: string }>(`
      const { startTemporal } = await import('${compiled}src/local/temporal-server.js');
      const { pid, address } = await startTemporal({ databaseFile: '${databaseFile}', log: console.error });
      console.log(JSON.stringify({ pid, address }));
      setInterval(() => undefined, 60_000);`);
    await killOutright(child);

    const adopted = await start(databaseFile);
    expect(adopted).toMatchObject({ how: 'adopted', pid: line.pid, address: line.address });
    expect(await namespaces(adopted.address)).toContain('default');
    expect((await fetch(adopted.uiUrl)).status).toBe(200);
    await adopted.stop();
    expect(inspectProcess(adopted.pid)).toBeNull();
  });

  test('is reaped and started anew where it runs but does not answer', async () => {
    const databaseFile = join(temporaryFolder(), 'temporal.db');
    const stuck = await start(databaseFile);
    process.kill(stuck.pid, 'SIGSTOP');

    const fresh = await start(databaseFile);
    expect(fresh.how).toBe('started');
    expect(inspectProcess(stuck.pid)).toBeNull();
    expect(await namespaces(fresh.address)).toContain('default');
  });

  test('leaves a process alone that a stale record names by chance', async () => {
    const databaseFile = join(temporaryFolder(), 'temporal.db');
    const first = await start(databaseFile);
    const record = JSON.parse(readFileSync(`${databaseFile}.server.json`, 'utf8')) as object;
    await first.stop();
    const other = inspectProcess(process.pid);
    writeFileSync(
      `${databaseFile}.server.json`,
      JSON.stringify({ ...record, pid: process.pid, startedAt: other?.startedAt }),
    );

    expect((await start(databaseFile)).how).toBe('started');
  });
});
