import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { join, resolve } from 'node:path';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { dataFolderState } from '../../src/local/data-folder-lock.ts';
import { inspectProcess } from '../../src/local/process-table.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

const MAIN = 'dist/src/cli/main.js';
const UP = ['up', '--no-worker', '--no-pipeline', '--events-per-day', '100'];
const READY = 'It runs until Ctrl-C';

describe('npm run up', () => {
  test('runs on with nothing but its servers, and ends cleanly on Ctrl-C', async () => {
    const up = start(process.execPath, [resolve(MAIN), ...UP]);
    await up.printed(READY);
    // Nothing but the wait holds the process: where it does not, the event loop is empty within a turn or two.
    const ended = await Promise.race([once(up.child, 'exit').then(() => true), delay(2_000, false)]);
    expect(ended).toBe(false);
    up.child.kill('SIGINT');
    expect(await up.exit).toEqual([0, null]);
    expect(up.output()).toContain('Stopped.');
    expect(dataFolderState(up.dataFolder).kind).not.toBe('live');
  });

  test.each(['SIGTERM', 'SIGHUP'] as const)('stops its servers on %s', async (signal) => {
    const up = start(process.execPath, [resolve(MAIN), ...UP]);
    await up.printed(READY);
    up.child.kill(signal);
    expect(await up.exit).toEqual([0, null]);
    expect(dataFolderState(up.dataFolder).kind).not.toBe('live');
  });

  test('stops everything when npm is ended alone', async () => {
    const up = start('npm', ['run', 'up']);
    await up.printed(READY);
    const state = dataFolderState(up.dataFolder);
    if (state.kind !== 'live') throw new Error(`the warehouse is ${state.kind}`);
    up.child.kill('SIGTERM');
    await waitFor(() => inspectProcess(state.postmaster.pid) === null, {
      timeoutMs: 60_000,
      everyMs: 100,
      describe: 'the warehouse to be stopped',
    });
  });
});

interface Started {
  readonly child: ChildProcess;
  readonly dataFolder: string;
  readonly exit: Promise<unknown[]>;
  readonly output: () => string;
  readonly printed: (text: string) => Promise<unknown>;
}

/** `up` in a folder of its own, whose package.json names the same script as this project's. The run's Temporal stands in: only PostgreSQL starts. */
function start(command: string, args: readonly string[]): Started {
  const folder = temporaryFolder();
  const script = `node ${JSON.stringify(resolve('scripts/run.mjs'))} src/cli/main.js ${UP.join(' ')}`;
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ scripts: { up: script } }));
  const env = { ...process.env, TEMPORAL_ADDRESS: inject('temporalAddress') };
  const child = spawn(command, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  onTestFinished(() => endGroup(child));
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  return {
    child,
    dataFolder: join(folder, '.backfill', 'postgres'),
    exit: once(child, 'close'),
    output: () => output,
    printed: (text) =>
      waitFor(() => output.includes(text), { timeoutMs: 90_000, everyMs: 50, describe: `"${text}" in:\n${output}` }),
  };
}

/** What a failing test would leave: npm is gone by then, what it started is not. */
function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGTERM');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
