import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Session } from '../warehouse/session.ts';
import { readReport } from './read-report.ts';
import { renderHtml } from './render-html.ts';

/**
 * Writes `<folder>/<backfillId>.html` and `.json` for their owner alone, each whole or not at all, and answers the
 * absolute path of the page. Fails as `readReport` does, and with the file system's error where it cannot write.
 */
export async function writeReport(session: Session, backfillId: string, folder: string): Promise<string> {
  const report = await readReport(session, backfillId);
  const reports = resolve(folder);
  await mkdir(reports, { recursive: true, mode: 0o700 });
  await writeWhole(join(reports, `${backfillId}.json`), `${JSON.stringify(report, null, 2)}\n`);
  const page = join(reports, `${backfillId}.html`);
  await writeWhole(page, renderHtml(report));
  return page;
}

/** A reader sees the old file or the new one, never a part. */
async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeFile(temporary, text, { mode: 0o600, flag: 'wx' });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
