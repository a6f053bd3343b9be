import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONTRACTS } from './world.ts';

/** A copy of the example's contracts in which one file is changed. */
export async function changedContracts(file: string, change: (text: string) => string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'backfill-contracts-'));
  await cp(CONTRACTS, folder, { recursive: true });
  const path = join(folder, file);
  const before = await readFile(path, 'utf8');
  const after = change(before);
  if (after === before) throw new Error(`the change left ${file} as it was`);
  await writeFile(path, after);
  return folder;
}

/** A transform that sleeps while it builds one partition, so that a test can meet its INSERT on the server. */
export function sleepingOn(partition: string, seconds: number): (text: string) => string {
  return (text) =>
    `SELECT slow.* FROM (\n${text.trim().replace(/;$/, '')}\n) slow WHERE :partition_start <> '${partition}' OR (SELECT pg_sleep(${seconds})) IS NOT NULL`;
}
