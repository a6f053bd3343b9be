import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { compiled } from './run-compiled.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const KEPT = [
  'scripts',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.base.json',
  'tsconfig.pure.json',
  'tsconfig.node.json',
  'tsconfig.test.json',
  'tsconfig.browser.json',
];

/** A vitest that runs inside another one must not take itself for one of its workers. */
const OUTSIDE_TESTS = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_ENV$|TEST$)/.test(name)),
);

/** The project's scripts over a tree of a few lines, with the packages that are installed already. */
function smallClone() {
  const folder = temporaryFolder();
  for (const name of KEPT) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  write('src/domain/answer.ts', 'export const answer = 42;\n');
  write(
    'src/cli/main.ts',
    `import { readFileSync } from 'node:fs';
     import { answer } from '../domain/answer.ts';
     const sql = readFileSync(new URL('./one.sql', import.meta.url), 'utf8').trim();
     process.stdout.write(JSON.stringify({ answer, sql, args: process.argv.slice(2) }) + '\\n');
     process.exitCode = 3;\n`,
  );
  write('src/cli/one.sql', 'select 1\n');
  write(
    'worker/build-bundle.ts',
    `import { appendFileSync } from 'node:fs';
     appendFileSync(new URL('../../builds.log', import.meta.url), 'built\\n');\n`,
  );
  const run = (script: string, ...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'scripts', script), ...args], {
      encoding: 'utf8',
      env: OUTSIDE_TESTS,
    });
    return { status, stdout, stderr };
  };
  const builds = (): number => readFileSync(join(folder, 'builds.log'), 'utf8').split('built').length - 1;
  return { folder, write, run, builds };
}

describe('preparing a clone', () => {
  test('builds once, and again only where something changed', () => {
    const { folder, write, run, builds } = smallClone();
    expect(run('prepare.mjs')).toEqual({ status: 0, stdout: '', stderr: 'Building\n' });
    expect(run('prepare.mjs')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(builds()).toBe(1);

    write('src/cli/one.sql', 'select 2\n');
    write('src/cli/two.sql', 'select 2\n');
    expect(run('prepare.mjs', '--quiet')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(builds()).toBe(2);
    expect(readFileSync(join(folder, 'dist/src/cli/one.sql'), 'utf8')).toBe('select 2\n');

    rmSync(join(folder, 'src/cli/two.sql'));
    expect(run('prepare.mjs').status).toBe(0);
    expect(existsSync(join(folder, 'dist/src/cli/two.sql'))).toBe(false);
    expect(existsSync(join(folder, 'dist/src/cli/main.js'))).toBe(true);
  });

  test('shows what the compiler says, on stderr alone, and tries again next time', () => {
    const { write, run } = smallClone();
    write('src/domain/answer.ts', `export const answer: number = 'forty-two';\n`);
    const failed = run('run.mjs', 'src/cli/main.js');
    expect(failed).toMatchObject({ status: 1, stdout: '' });
    expect(failed.stderr).toContain('The build failed at `tsc -b tsconfig.node.json`');
    expect(failed.stderr).toContain('src/domain/answer.ts(1,14): error TS2322');
    write('src/domain/answer.ts', 'export const answer = 42;\n');
    expect(run('prepare.mjs').status).toBe(0);
  });

  test('waits for another process that prepares, and takes over from one that died', () => {
    const { folder, run, builds } = smallClone();
    mkdirSync(join(folder, '.backfill'));
    writeFileSync(join(folder, '.backfill/prepare.lock'), '4194304 1');
    const script = join(folder, 'scripts/prepare.mjs');
    const both = spawnSync('sh', ['-c', `node '${script}' & first=$!; node '${script}' && wait $first`], {
      encoding: 'utf8',
    });
    expect(both.status, both.stderr).toBe(0);
    expect(builds()).toBe(1);
    expect(run('prepare.mjs').stderr).toBe('');
  });
});

describe('running a command', () => {
  test("prints what the command prints and nothing else, and ends with the command's exit code", () => {
    const { run } = smallClone();
    const first = run('run.mjs', 'src/cli/main.js', 'status', '--json');
    expect(first).toMatchObject({ status: 3, stdout: '{"answer":42,"sql":"select 1","args":["status","--json"]}\n' });
  });

  test('passes a termination on, and ends as a shell would say it', () => {
    const { folder, write, run } = smallClone();
    write(
      'src/cli/main.ts',
      `process.on('SIGTERM', () => process.exit(7));
       setInterval(() => undefined, 60_000);
       process.kill(process.ppid, 'SIGTERM');\n`,
    );
    expect(run('run.mjs', 'src/cli/main.js').status).toBe(7);
    expect(existsSync(join(folder, 'dist/src/cli/main.js'))).toBe(true);
  });
});

describe('running the tests', () => {
  test('ends with a plain count, in which whatever kept tests from running has failed', () => {
    const { folder, write, run } = smallClone();
    cpSync(join(ROOT, 'test/support/plain-summary.ts'), join(folder, 'test/support/plain-summary.ts'));
    write(
      'vitest.config.ts',
      `import { defineConfig } from 'vitest/config';
       export default defineConfig({ test: { include: ['test/**/*.test.ts'], reporters: ['default', './test/support/plain-summary.ts'] } });\n`,
    );
    write('test/good.test.ts', `import { test } from 'vitest';\ntest('passes', () => undefined);\n`);
    expect(lastLine(run('test.mjs'))).toEqual({ status: 0, last: '1 passed, 0 failed' });

    write(
      'test/bad.test.ts',
      `import { test } from 'vitest';\ntest.skip('later', () => undefined);\ntest('fails', () => { throw new Error('as it should'); });\n`,
    );
    write('test/unloadable.test.ts', `import './nowhere.ts';\n`);
    write(
      'test/hook.test.ts',
      `import { beforeAll, test } from 'vitest';\nbeforeAll(() => { throw new Error('no set-up'); });\ntest('never runs', () => undefined);\n`,
    );
    expect(lastLine(run('test.mjs', '--reporter=dot'))).toEqual({ status: 1, last: '1 passed, 3 failed, 2 skipped' });

    write('vitest.config.ts', `throw new Error('no configuration');\n`);
    expect(lastLine(run('test.mjs'))).toEqual({ status: 1, last: '0 passed, 1 failed' });
  });
});

function lastLine({ status, stdout }: { status: number | null; stdout: string }) {
  return { status, last: stdout.trimEnd().split('\n').at(-1) };
}

test('the tests that start processes find the compiled project', () => {
  expect(existsSync(new URL('src/local/embedded-postgres.js', compiled))).toBe(true);
});
