import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { ProcessIdentity } from './process-table.ts';
import { inspectProcess } from './process-table.ts';

/** Which process serves a database file, and where: written beside the file so that a later run finds the server again. */
export interface TemporalRecord extends ProcessIdentity {
  readonly port: number;
  readonly uiPort: number;
}

/** Null unless the recorded process still runs and has this database file on its command line. */
export function readTemporalRecord(databaseFile: string): TemporalRecord | null {
  let text: string;
  try {
    text = readFileSync(recordFile(databaseFile), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const record = parseRecord(text);
  if (record === null) return null;
  const found = inspectProcess(record.pid);
  return found?.startedAt === record.startedAt && found.command.includes(databaseFile) ? record : null;
}

export function writeTemporalRecord(databaseFile: string, record: TemporalRecord): void {
  const file = recordFile(databaseFile);
  writeFileSync(`${file}.${process.pid}`, JSON.stringify(record));
  renameSync(`${file}.${process.pid}`, file);
}

export function removeTemporalRecord(databaseFile: string): void {
  rmSync(recordFile(databaseFile), { force: true });
}

function recordFile(databaseFile: string): string {
  return `${databaseFile}.server.json`;
}

/** Null for a file that is not a record: then there is nothing to adopt. */
function parseRecord(text: string): TemporalRecord | null {
  let value: Partial<TemporalRecord>;
  try {
    value = JSON.parse(text) as Partial<TemporalRecord>;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  const { pid, startedAt, port, uiPort } = value;
  if (
    typeof pid !== 'number' ||
    typeof startedAt !== 'string' ||
    typeof port !== 'number' ||
    typeof uiPort !== 'number'
  )
    return null;
  return { pid, startedAt, port, uiPort };
}
