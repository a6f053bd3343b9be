import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { endProcess } from './end-process.ts';
import { inspectProcess } from './process-table.ts';

const ProcessRecord = z.object({ pid: z.number().int(), startedAt: z.string() });

/** Writes down which process this is, so that a later run can end it if this run does not come to it. */
export function recordProcess(file: string, pid: number): void {
  const found = inspectProcess(pid);
  if (found === null) return;
  writeFileSync(`${file}.${process.pid}`, JSON.stringify({ pid, startedAt: found.startedAt }));
  renameSync(`${file}.${process.pid}`, file);
}

/** Ends the recorded process if it still runs; a pid that is another's now is left alone. */
export async function endLeftProcess(file: string, graceMs: number): Promise<void> {
  const record = readRecord(file);
  if (record !== null) await endProcess(record, { signal: 'SIGTERM', force: 'SIGKILL', graceMs, group: true });
  rmSync(file, { force: true });
}

/** Null where there is none, and for a file that is not a record: then there is nothing to end. */
function readRecord(file: string): z.infer<typeof ProcessRecord> | null {
  try {
    return ProcessRecord.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null;
    throw error;
  }
}
