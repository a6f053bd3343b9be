import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { QualifiedName } from '../../src/domain/names.ts';
import { sha256 } from '../../src/spec/fingerprint.ts';
import type { LoadedContractResult } from '../../src/spec/load-contract.ts';
import { listContracts, loadContract } from '../../src/spec/load-contract.ts';
import { formatProblem } from '../../src/spec/spec-problem.ts';
import { CONTRACT, edited } from './documents.ts';

const DATASET: QualifiedName = { schema: 'finance', name: 'daily_revenue' };
const TRANSFORM = 'select * from raw.events where at >= :partition_start and at < :partition_end;\n';
const FILES: Readonly<Record<string, string>> = {
  'daily_revenue.contract.yaml': CONTRACT,
  'transforms/daily_revenue.corrected.v1.sql': TRANSFORM,
  'transforms/daily_revenue.corrected.v2.sql': TRANSFORM,
  'transforms/daily_revenue.trusted.sql': TRANSFORM,
  'totals/gross_by_day.sql': 'select :range_start as partition_start, 1 as value where :range_end is not null',
  'probes/pipeline_running.sql': 'select false as running, null as since, null as name',
  'monitors/export_total.sql': 'select 1 as value, now() as measured_at',
  'monitors/dashboard_total.sql': 'select 1 as value, now() as measured_at',
  'monitors/feature_histogram.sql': 'select 1 as bucket, 1.0 as share',
};

let folder: string;

beforeEach(async () => {
  const root = await mkdtemp(join(tmpdir(), 'contracts-'));
  onTestFinished(() => rm(root, { recursive: true }));
  folder = join(root, 'contracts');
  for (const [name, text] of Object.entries(FILES)) await put(name, text);
});

async function put(name: string, text: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), text);
}

function git(...args: readonly string[]): string {
  const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.org', '-c', 'commit.gpgsign=false'];
  return execFileSync('git', ['-C', folder, ...identity, ...args], { encoding: 'utf8', stdio: 'pipe' });
}

function commitAll(): string {
  git('init', '--quiet');
  git('add', '.');
  git('commit', '--quiet', '-m', 'contracts');
  return git('rev-parse', '--short=12', 'HEAD').trim();
}

async function loaded(allowDirty = false): Promise<LoadedContractResult> {
  const result = await loadContract(folder, DATASET, { allowDirty });
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
  return result;
}

async function problems(dataset: QualifiedName | 'any' = DATASET, allowDirty = true): Promise<string> {
  const result = await loadContract(folder, dataset, { allowDirty });
  const text = result.ok ? 'accepted' : result.problems.map(formatProblem).join('\n');
  return text.replaceAll(folder, 'contracts');
}

describe('loading a contract', () => {
  it('reads everything it names and says from which revision', async () => {
    const revision = commitAll();
    const { loaded: contract, defaults, path } = await loaded();
    expect(contract.contract.dataset).toEqual(DATASET);
    expect(Object.keys(contract.files).sort()).toEqual(Object.keys(FILES).slice(1).sort());
    expect(contract.files['totals/gross_by_day.sql']?.sha256).toBe(sha256(FILES['totals/gross_by_day.sql'] ?? ''));
    expect(contract.sha256).toBe(sha256(CONTRACT));
    expect(contract.dirty).toBe(false);
    expect(contract.codeVersion).toMatch(new RegExp(`^${revision}\\+[0-9a-f]{12}$`));
    expect(defaults).toContainEqual({ path: 'transform.range_safe', value: 'false' });
    expect(path).toBe(join(folder, 'daily_revenue.contract.yaml'));
    expect((await loadContract(folder, 'any', { allowDirty: false })).ok).toBe(true);
  });

  it('follows the corrected transform in its version, and nothing else', async () => {
    const version = async (): Promise<string> => (await loaded(true)).loaded.codeVersion;
    const before = await version();
    await put('monitors/export_total.sql', 'select 2 as value, now() as measured_at');
    expect(await version()).toBe(before);
    await put('transforms/daily_revenue.corrected.v2.sql', `${TRANSFORM}-- v2\n`);
    expect(await version()).not.toBe(before);
  });

  it('refuses what git does not hold, unless it is allowed and then shown', async () => {
    expect(await problems(DATASET, false)).toMatch(
      /^contracts {2}the contracts folder has no git revision \(not a git repository.*BACKFILL_ALLOW_DIRTY_CONTRACTS=1/,
    );
    expect((await loaded(true)).loaded).toMatchObject({
      dirty: true,
      codeVersion: expect.stringMatching(/^unversioned\+/) as string,
    });

    const revision = commitAll();
    await put('totals/gross_by_day.sql', `${FILES['totals/gross_by_day.sql'] ?? ''} -- changed`);
    await put('notes/new.sql', 'select 1');
    expect(await problems(DATASET, false)).toMatchInlineSnapshot(
      `"contracts  the contracts folder has uncommitted changes (totals/gross_by_day.sql, notes/new.sql); allowed: a committed tree; or BACKFILL_ALLOW_DIRTY_CONTRACTS=1, and the plan says that it was used"`,
    );
    expect((await loaded(true)).loaded).toMatchObject({
      dirty: true,
      codeVersion: expect.stringMatching(`^${revision}-dirty\\+`) as string,
    });
  });

  it('takes a file that git ignores for a change', async () => {
    await put('.gitignore', 'monitors/\n');
    commitAll();
    expect(await problems(DATASET, false)).toMatchInlineSnapshot(
      `"contracts  the contracts folder has uncommitted changes (monitors/export_total.sql, monitors/dashboard_total.sql, monitors/feature_histogram.sql); allowed: a committed tree; or BACKFILL_ALLOW_DIRTY_CONTRACTS=1, and the plan says that it was used"`,
    );
  });

  it('is not disturbed by changes beside the folder', async () => {
    execFileSync('git', ['-C', dirname(folder), 'init', '--quiet']);
    git('add', '.');
    git('commit', '--quiet', '-m', 'contracts');
    await writeFile(join(dirname(folder), 'other.txt'), 'x');
    expect(await problems(DATASET, false)).toBe('accepted');
  });
});

describe('a contract that cannot be loaded', () => {
  it('is not there', async () => {
    expect(await problems({ schema: 'finance', name: 'daily_revnue' })).toMatchInlineSnapshot(
      `"contracts  no contract for the dataset "finance.daily_revnue"; did you mean "finance.daily_revenue"? allowed: finance.daily_revenue"`,
    );
    await put(
      'hourly.contract.yaml',
      edited(CONTRACT, ['dataset: finance.daily_revenue', 'dataset: web.hourly_clicks']),
    );
    await put('broken.contract.yaml', 'owner: [x\n');
    expect(await problems({ schema: 'hr', name: 'salaries' })).toMatchInlineSnapshot(`
      "contracts  no contract for the dataset "hr.salaries"; allowed: finance.daily_revenue, web.hourly_clicks
      contracts/broken.contract.yaml:2:1  not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]"
    `);
    expect(await problems('any')).toMatchInlineSnapshot(
      `"contracts  several contracts in the folder; name the dataset; allowed: broken.contract.yaml, finance.daily_revenue, web.hourly_clicks"`,
    );
    expect(await problems()).toBe('accepted');
  });

  it('is written twice', async () => {
    await put('second.contract.yaml', CONTRACT);
    expect(await problems()).toMatchInlineSnapshot(
      `"contracts/second.contract.yaml:1:10  dataset: a second contract for the dataset; the first is contracts/daily_revenue.contract.yaml: "finance.daily_revenue"; allowed: one contract a dataset"`,
    );
  });

  it('has no folder, or an empty one', async () => {
    const missing = await loadContract(join(folder, 'none'), DATASET, { allowDirty: true });
    expect(
      missing.ok ? '' : missing.problems.map(formatProblem).join('\n').replaceAll(folder, 'contracts'),
    ).toMatchInlineSnapshot(
      `"contracts/none  the contracts folder cannot be read (ENOENT); allowed: an existing folder; BACKFILL_CONTRACTS names it"`,
    );
    const empty = await loadContract(join(folder, 'totals'), 'any', { allowDirty: true });
    expect(
      empty.ok ? '' : empty.problems.map(formatProblem).join('\n').replaceAll(folder, 'contracts'),
    ).toMatchInlineSnapshot(
      `"contracts/totals  no contract in the folder; allowed: a file *.contract.yaml in this folder"`,
    );
  });

  it('names files that are missing, lead out of the folder or are no queries', async () => {
    await rm(join(folder, 'totals/gross_by_day.sql'));
    await rm(join(folder, 'probes/pipeline_running.sql'));
    await writeFile(join(dirname(folder), 'outside.sql'), 'select 1');
    await symlink(join(dirname(folder), 'outside.sql'), join(folder, 'probes/pipeline_running.sql'));
    await put('transforms/daily_revenue.trusted.sql', 'select :partition_start;\ndelete from t');
    await put('monitors/export_total.sql', new Uint8Array([0x73, 0xff, 0xfe]));
    expect(await problems()).toMatchInlineSnapshot(`
      "contracts/daily_revenue.contract.yaml:22:17  source_totals.gross.sql: no such file "totals/gross_by_day.sql"; allowed: an existing file inside contracts
      contracts/daily_revenue.contract.yaml:29:12  live_pipeline.running: a link that leaves the contracts folder: "probes/pipeline_running.sql"; allowed: a file inside the folder
      contracts/monitors/export_total.sql  the file is not UTF-8 text; allowed: UTF-8; save the file again in that encoding
      contracts/transforms/daily_revenue.trusted.sql:1:8  the statement does not use :partition_end; allowed: both of :partition_start and :partition_end
      contracts/transforms/daily_revenue.trusted.sql:2:1  more than one statement; the second begins with "delete""
    `);
  });

  it('has problems of its own, which are all reported', async () => {
    await put('daily_revenue.contract.yaml', edited(CONTRACT, ['grain: day', 'grain: dy'], ['owner:', 'ownr:']));
    expect(await problems()).toMatchInlineSnapshot(`
      "contracts/daily_revenue.contract.yaml:1:1  owner: is missing; allowed: one line of text of at most 100 characters
      contracts/daily_revenue.contract.yaml:2:1  ownr: unknown field "ownr"; did you mean "owner"?
      contracts/daily_revenue.contract.yaml:7:40  partition.grain: not one of the choices "dy"; did you mean "day"? allowed: hour, day, week, month"
    `);
  });
});

describe('a folder', () => {
  it('lists its contracts, readable or not, and no folders below', async () => {
    await put('broken.contract.yaml', 'dataset: nowhere\n');
    await put('deep/other.contract.yaml', CONTRACT);
    const listed = await listContracts(folder);
    expect(
      listed.ok &&
        listed.contracts.map(({ path, dataset, parsed }) => [path.slice(folder.length + 1), dataset, parsed.ok]),
    ).toEqual([
      ['broken.contract.yaml', null, false],
      ['daily_revenue.contract.yaml', DATASET, true],
    ]);
  });
});
