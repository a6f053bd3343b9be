import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONTRACTS } from './world.ts';

type Change = (text: string) => string;

/** A copy of the example's contracts in which some files are changed: one with its change, or several by their paths. */
export async function changedContracts(file: string, change: Change): Promise<string>;
export async function changedContracts(changes: Readonly<Record<string, Change>>): Promise<string>;
export async function changedContracts(
  files: string | Readonly<Record<string, Change>>,
  change: Change = (text) => text,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'backfill-contracts-'));
  await cp(CONTRACTS, folder, { recursive: true });
  for (const [file, edit] of Object.entries(typeof files === 'string' ? { [files]: change } : files)) {
    const path = join(folder, file);
    const before = await readFile(path, 'utf8');
    const after = edit(before);
    if (after === before) throw new Error(`the change left ${file} as it was`);
    await writeFile(path, after);
  }
  return folder;
}

/** A transform that sleeps while a lane builds one partition, so that a test can meet its INSERT on the server; planning may sample it. */
export function sleepingOn(partition: string, seconds: number): Change {
  return (text) =>
    `SELECT slow.* FROM (\n${text.trim().replace(/;$/, '')}\n) slow WHERE :partition_start <> '${partition}' OR current_setting('application_name') !~ '/[0-9]+$' OR (SELECT pg_sleep(${seconds})) IS NOT NULL`;
}
