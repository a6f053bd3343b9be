import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { DatasetContract, LoadedContract } from '../domain/dataset-contract.ts';
import { fingerprint } from './fingerprint.ts';

const run = promisify(execFile);

/** The git state of the files that a contract was read from. */
export type Revision =
  | { readonly kind: 'clean'; readonly revision: string }
  /** `changes` are paths with uncommitted changes, or that git does not know. */
  | { readonly kind: 'dirty'; readonly revision: string; readonly changes: readonly string[] }
  | { readonly kind: 'unversioned'; readonly reason: string };

/** Looks at a folder with git. A file that is ignored or never added counts as a change: no revision holds it. */
export async function revisionOf(folder: string, files: readonly string[]): Promise<Revision> {
  try {
    const revision = (await git(folder, ['rev-parse', '--verify', '--short=12', 'HEAD'])).trim();
    const status = await git(folder, ['status', '--porcelain', '--untracked-files=all', '--', '.']);
    const tracked = (await git(folder, ['ls-files', '-z', '--', ...files])).split('\0');
    const changed = status.split('\n').filter((line) => line !== '');
    const unknown = files.filter((file) => !tracked.includes(normal(file)));
    const changes = [...new Set([...changed.map((line) => line.slice(3)), ...(changed.length > 0 ? [] : unknown)])];
    return changes.length === 0 ? { kind: 'clean', revision } : { kind: 'dirty', revision, changes };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    return { kind: 'unversioned', reason: reasonOf(error) };
  }
}

/** `ls-files` prints paths without `./` and doubled slashes. */
function normal(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

async function git(folder: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run('git', ['--no-optional-locks', '--literal-pathspecs', '-C', folder, ...args], {
    timeout: 30_000,
  });
  return stdout;
}

function reasonOf(error: Error): string {
  if ('code' in error && error.code === 'ENOENT') return 'git is not installed';
  const output = 'stderr' in error && typeof error.stderr === 'string' ? error.stderr : error.message;
  const lines = output.split('\n').map((line) => line.replace(/^fatal: /, '').trim());
  return lines.find((line) => line !== '') ?? 'git gave no reason';
}

/** `4f2c9e1a0b3d+6b1d…`: the revision and the hash of the corrected transform, era by era. */
export function codeVersion(revision: Revision, contract: DatasetContract, files: LoadedContract['files']): string {
  const eras = contract.transform.corrected.map(({ from, sql }) => ({ from, sql, sha256: files[sql]?.sha256 ?? null }));
  const transform = fingerprint(eras).slice(0, 12);
  switch (revision.kind) {
    case 'clean':
      return `${revision.revision}+${transform}`;
    case 'dirty':
      return `${revision.revision}-dirty+${transform}`;
    case 'unversioned':
      return `unversioned+${transform}`;
  }
}
