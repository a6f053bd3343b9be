import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freePort } from '../../src/local/free-port.ts';
import { writeStackFile } from '../../src/local/stack-file.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { runMain } from './run-main.ts';

const EXAMPLE = 'examples/daily-revenue';
const DIRTY = { BACKFILL_ALLOW_DIRTY_CONTRACTS: '1' };

/** The example in a folder of its own, with one piece of a file replaced. */
function changedExample(file: string, from: string, to: string): string {
  const folder = temporaryFolder();
  cpSync(EXAMPLE, folder, { recursive: true, filter: (path) => !path.endsWith('.ts') });
  const path = join(folder, file);
  const text = readFileSync(path, 'utf8');
  expect(text).toContain(from);
  writeFileSync(path, text.replace(from, to));
  return folder;
}

function jsonOf(stdout: string): unknown {
  return JSON.parse(stdout) as unknown;
}

describe('usage', () => {
  it('shows the commands where none is given', async () => {
    const { exitCode, stdout, stderr } = await runMain([]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain('Usage: backfill [options] [command]');
  });

  it.each([
    [['frob'], "unknown command 'frob'"],
    [['stauts', 'x'], "unknown command 'stauts'\n(Did you mean status?)"],
    [['status'], "missing required argument 'id'"],
    [['status', 'x', 'y'], "too many arguments for 'status'. Expected 1 argument but got 2."],
    [['approve', 'x'], "required option '--digest <digest>' not specified"],
    [['waive', 'x', '--check', 'row_count'], "required option '--reason <text>' not specified"],
    [['abort', 'x'], "required option '--reason <text>' not specified"],
    [['reject', 'x'], "required option '--reason <text>' not specified"],
    [['rollback', 'x'], "required option '--reason <text>' not specified"],
    [['pause', 'x', '--why', 'y'], "unknown option '--why'"],
    [
      ['set-limits', 'x', '--max-concurrency', 'two'],
      "option '--max-concurrency <n>' argument 'two' is invalid. It is a whole number.",
    ],
  ])('%s is bad input', async (argv, message) => {
    const { exitCode, stdout, stderr } = await runMain(argv);
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 2, stdout: '', stderr: `${message}\n` });
  });

  it('puts errors into one document with --json', async () => {
    const { exitCode, stdout, stderr } = await runMain(['approve', 'x', '--json']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: '' });
    expect(jsonOf(stdout)).toEqual({ error: "required option '--digest <digest>' not specified" });
  });

  it('shows help and version on standard output', async () => {
    const help = await runMain(['status', '--help']);
    expect(help.exitCode).toBe(0);
    expect(help.stdout).toContain('Usage: backfill status [options] <id>');
    const { version } = jsonOf(readFileSync('package.json', 'utf8')) as { version: string };
    expect(await runMain(['--version'])).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('reports every bad setting at once', async () => {
    const env = { BACKFILL_WAREHOUSE_URL: 'mysql://x', TEMPORAL_ADDRESS: 'nowhere' };
    const { exitCode, stderr } = await runMain(['list'], { env, cwd: temporaryFolder() });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('BACKFILL_WAREHOUSE_URL: not a PostgreSQL URL');
    expect(stderr).toContain('TEMPORAL_ADDRESS: not an address');
  });
});

describe('validate', () => {
  it('accepts the example with the contracts beside it', async () => {
    const { exitCode, stdout, stderr } = await runMain(['validate', `${EXAMPLE}/backfill.yaml`], { env: DIRTY });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout.replace(/version .*/, 'version …')).toMatchInlineSnapshot(`
      "examples/daily-revenue/backfill.yaml is valid
        backfill  revenue-tax-fix-2026-06 (FIN-2841: Correct tax-inclusive revenue calculation)
        dataset   finance.daily_revenue
        interval  2024-12-01 to 2026-05-31, both included
        snapshot  finance.daily_revenue_pre_fin_2841 (the name as it will exist)
        contract  examples/daily-revenue/contracts/daily_revenue.contract.yaml with 5 SQL files, version …
        defaults  27 fields left out; backfill plan lists what stands in
      Next: backfill plan examples/daily-revenue/backfill.yaml
      "
    `);
  });

  it('takes overrides, and refuses a bad one where it stands', async () => {
    const argv = ['validate', `${EXAMPLE}/backfill.yaml`, '--set', 'rollback.window=10s'];
    expect((await runMain(argv, { env: DIRTY })).stdout).toContain('rollback.window = 10s (was not set)');
    const bad = await runMain([...argv, '--set', 'rollback.windw=10s', '--set', 'nonsense'], { env: DIRTY });
    expect(bad.exitCode).toBe(2);
    expect(bad.stderr).toMatchInlineSnapshot(`
      "--set  not an override "nonsense"; allowed: field=value, as in rollback.window=10s
      --set  rollback.windw: unknown field "windw"; did you mean "window"?
      examples/daily-revenue/backfill.yaml: 2 problems
      "
    `);
  });

  it('reports every problem of spec, contract and SQL at its place', async () => {
    const folder = changedExample('backfill.yaml', 'max_concurrency: 2', 'max_concurency: 2');
    const sql = join(folder, 'contracts/transforms/daily_revenue.corrected.v1.sql');
    writeFileSync(sql, 'delete from staging.revenue_events where revenue_date < :partition_start');
    const { exitCode, stdout, stderr } = await runMain(['validate', 'backfill.yaml'], { cwd: folder, env: DIRTY });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr.replaceAll(folder, '')).toMatchInlineSnapshot(`
      "backfill.yaml:18:3  execution.max_concurency: unknown field "max_concurency"; did you mean "max_concurrency"?
      /contracts/transforms/daily_revenue.corrected.v1.sql:1:1  the statement is not a query: it begins with "delete"; allowed: SELECT, WITH, VALUES or an opening parenthesis
      /contracts/transforms/daily_revenue.corrected.v1.sql:1:57  the statement does not use :partition_end; allowed: both of :partition_start and :partition_end
      backfill.yaml: 3 problems
      "
    `);
  });

  it('checks spec and contract against each other', async () => {
    const folder = changedExample('backfill.yaml', 'revenue_delta_expected', 'revenu_delta_expected');
    const run = await runMain(['validate', 'backfill.yaml', '--json'], { cwd: folder, env: DIRTY });
    expect(run).toMatchObject({ exitCode: 2, stderr: '' });
    expect(jsonOf(run.stdout)).toMatchObject({
      ok: false,
      problems: [{ file: 'backfill.yaml', line: 23, column: 3, nearest: 'revenue_delta_expected' }],
    });
  });

  it('names a mistyped measure beside what else is wrong with the spec', async () => {
    const folder = changedExample(
      'backfill.yaml',
      'revenue_delta_expected: "-1.5% to -0.8%"',
      'revenu_delta_expected: "1% to -1%"',
    );
    const { exitCode, stderr } = await runMain(['validate', 'backfill.yaml'], { cwd: folder, env: DIRTY });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('validation.revenu_delta_expected: a range that ends below its start "1% to -1%"');
    expect(stderr).toContain('not a measure of the contract: "revenu"; did you mean "revenue_delta_expected"?');
  });

  it('cuts what is too long to be shown, in lines and in JSON', async () => {
    const long = 'x'.repeat(500);
    const folder = changedExample('backfill.yaml', 'max_concurrency: 2', `${long}: 2`);
    const text = await runMain(['validate', 'backfill.yaml'], { cwd: folder, env: DIRTY });
    const json = await runMain(['validate', 'backfill.yaml', '--json'], { cwd: folder, env: DIRTY });
    for (const { exitCode, stdout, stderr } of [text, json]) {
      expect(exitCode).toBe(2);
      expect(stdout + stderr).toContain('xxx…');
      expect(stdout + stderr).not.toContain('x'.repeat(81));
    }
  });

  it('says when no contract could be checked', async () => {
    const folder = temporaryFolder();
    cpSync(`${EXAMPLE}/backfill.yaml`, join(folder, 'backfill.yaml'));
    const { exitCode, stdout } = await runMain(['validate', 'backfill.yaml'], { cwd: folder });
    expect(exitCode).toBe(0);
    expect(stdout).toContain('Note: the contract was not checked: name its folder with --contracts');
  });

  it('names a file that is not there', async () => {
    const { exitCode, stderr } = await runMain(['validate', 'nowhere.yaml'], { cwd: temporaryFolder() });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('nowhere.yaml  the file does not exist');
  });
});

describe('servers that are down', () => {
  it.each([['status'], ['pause']])('%s names the address and the next step', async (command) => {
    const env = { TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}` };
    const { exitCode, stdout, stderr } = await runMain([command, 'x', '--json'], { env, cwd: temporaryFolder() });
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' });
    expect(jsonOf(stdout)).toEqual({
      error: `no Temporal server answers at ${env.TEMPORAL_ADDRESS} (named by TEMPORAL_ADDRESS or the Temporal profile file); start one with: npm run up`,
    });
  });

  it('list fails where nobody could be asked', async () => {
    const env = { TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}` };
    const { exitCode, stdout, stderr } = await runMain(['list'], { env, cwd: temporaryFolder() });
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain('start one with: npm run up; or name a warehouse');
    expect(stderr).toContain('BACKFILL_WAREHOUSE_URL');
  });

  it('plan names the warehouse without its password', async () => {
    const port = await freePort();
    const env = { ...DIRTY, BACKFILL_WAREHOUSE_URL: `postgres://worker:hidden@127.0.0.1:${port}/warehouse` };
    const { exitCode, stdout, stderr } = await runMain(['plan', `${EXAMPLE}/backfill.yaml`], { env });
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toBe(
      `the warehouse postgres://worker:***@127.0.0.1:${port}/warehouse cannot be used: nothing listens there; start the server, or a local stack with: npm run up\n`,
    );
  });

  it('takes the addresses from the stack file where the environment says nothing', async () => {
    const cwd = temporaryFolder();
    const address = `127.0.0.1:${await freePort()}`;
    writeStackFile(join(cwd, '.backfill'), {
      temporalAddress: address,
      temporalNamespace: 'default',
      temporalUi: null,
      warehouseUrl: '',
      adminUrl: '',
      reviewUrl: null,
      contracts: '',
    });
    const { stderr } = await runMain(['pause', 'x'], { cwd });
    expect(stderr).toContain(`no Temporal server answers at ${address} (named by .backfill/stack.json)`);
  });
});

describe('install', () => {
  const argv = [
    'install',
    '--dataset',
    'finance.daily_revenue',
    '--contracts',
    `${EXAMPLE}/contracts`,
    '--worker',
    'w',
  ];

  it('wants an administrator, by reference', async () => {
    const cwd = process.cwd();
    const missing = await runMain([...argv, '--admin-url', 'env:NOBODY'], { cwd });
    expect(missing).toMatchObject({ exitCode: 2, stderr: '--admin-url env:NOBODY: the variable NOBODY is not set\n' });
    const bad = await runMain([...argv, '--admin-url', 'env:ADMIN'], { cwd, env: { ADMIN: 'mysql://root:hidden@x' } });
    expect(bad.exitCode).toBe(2);
    expect(bad.stderr).toContain('env:ADMIN is no PostgreSQL URL');
    expect(bad.stderr).not.toContain('hidden');
  });

  it('names the nearest dataset', async () => {
    const env = { ADMIN: 'postgres://root@127.0.0.1/x' };
    const wrong = argv.with(2, 'finance.daily_revenu');
    const { exitCode, stderr } = await runMain([...wrong, '--admin-url', 'env:ADMIN'], { env });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('did you mean "finance.daily_revenue"?');
  });
});
