import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { inspectProcess } from '../../src/local/process-table.ts';
import type { SupervisedProcess } from '../../src/local/supervise.ts';
import { superviseProcess } from '../../src/local/supervise.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { compiled, killOutright, runUntilFirstLine } from './run-compiled.ts';
import { waitFor } from '../support/wait-for.ts';

interface Supervised {
  readonly supervised: SupervisedProcess;
  readonly logFile: string;
  readonly lines: string[];
}

async function supervise(script: string, graceMs = 5_000): Promise<Supervised> {
  const logFile = join(temporaryFolder(), 'log', 'worker.log');
  const lines: string[] = [];
  const supervised = await superviseProcess({
    command: process.execPath,
    args: ['-e', script],
    env: process.env,
    logFile,
    label: 'worker',
    log: (line) => lines.push(line),
    graceMs,
  });
  onTestFinished(() => supervised.stop());
  return { supervised, logFile, lines };
}

function timesStarted(logFile: string): number {
  return existsSync(logFile) ? readFileSync(logFile, 'utf8').split('up\n').length - 1 : 0;
}

const STAYS_UP = `console.log('up'); setInterval(() => undefined, 60_000)`;

describe('a supervised process', () => {
  test('is started again when it is killed, and says so', async () => {
    const { supervised, logFile, lines } = await supervise(STAYS_UP);
    const firstPid = supervised.pid;
    await waitFor(() => timesStarted(logFile) === 1, { timeoutMs: 10_000, describe: 'the first start' });
    process.kill(firstPid ?? 0, 'SIGKILL');
    await waitFor(() => timesStarted(logFile) === 2, { timeoutMs: 10_000, describe: 'the second start' });
    expect(supervised.restarts).toBe(1);
    expect(supervised.pid).not.toBe(firstPid);
    expect(lines).toEqual([`The worker ended (SIGKILL); it is started again in 250 ms. Its log: ${logFile}`]);
  });

  test('is tried again, more slowly, while it ends at once', async () => {
    const { supervised, lines } = await supervise(`process.exit(7)`);
    await waitFor(() => supervised.restarts >= 2, { timeoutMs: 20_000, describe: 'two restarts' });
    expect(lines[0]).toContain('ended (exit code 7); it is started again in 250 ms');
    expect(lines[1]).toContain('ended (exit code 7); it is started again in 500 ms');
  });

  test('may finish its work when it is stopped, and is not started again', async () => {
    const { supervised, logFile } = await supervise(
      `process.on('SIGTERM', () => { console.log('done'); process.exit(0) }); ${STAYS_UP}`,
    );
    await waitFor(() => timesStarted(logFile) === 1, { timeoutMs: 10_000, describe: 'the start' });
    const { pid } = supervised;
    await supervised.stop();
    expect(readFileSync(logFile, 'utf8')).toBe('up\ndone\n');
    expect(inspectProcess(pid ?? 0)).toBeNull();
    expect(supervised).toMatchObject({ restarts: 0, pid: null });
  });

  test('is killed if it does not end within the grace time', async () => {
    const { supervised, logFile } = await supervise(`process.on('SIGTERM', () => undefined); ${STAYS_UP}`, 100);
    await waitFor(() => timesStarted(logFile) === 1, { timeoutMs: 10_000, describe: 'the start' });
    const { pid } = supervised;
    await supervised.stop();
    expect(inspectProcess(pid ?? 0)).toBeNull();
  });

  test('that a killed supervisor left behind is ended before another one starts', async () => {
    const logFile = join(temporaryFolder(), 'worker.log');
    const options = { command: process.execPath, args: ['-e', STAYS_UP], env: {}, logFile, label: 'worker' };
    const { child, line: leftPid } = await runUntilFirstLine<number>(`
      const { superviseProcess } = await import('${compiled}src/local/supervise.js');
      console.log((await superviseProcess(${JSON.stringify(options)})).pid);`);
    await killOutright(child);
    expect(inspectProcess(leftPid)).not.toBeNull();

    const supervised = await superviseProcess(options);
    onTestFinished(() => supervised.stop());
    expect(inspectProcess(leftPid)).toBeNull();
    expect(inspectProcess(supervised.pid ?? 0)).not.toBeNull();
  });

  test('that cannot be started at all is refused', async () => {
    const logFile = join(temporaryFolder(), 'worker.log');
    await expect(
      superviseProcess({ command: '/nowhere/worker', args: [], env: {}, logFile, label: 'worker' }),
    ).rejects.toThrow('The worker cannot be started (/nowhere/worker): spawn /nowhere/worker ENOENT');
  });
});
