import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { LedgerRun } from '../../ledger/runs.ts';
import { findRun, listRuns } from '../../ledger/runs.ts';
import { readReport } from '../../report/read-report.ts';
import { renderHtml } from '../../report/render-html.ts';
import type { Report } from '../../report/report.ts';
import { writeReport } from '../../report/write-report.ts';
import type { Session } from '../../warehouse/session.ts';
import type { CommandResult } from '../command-result.ts';
import { commandError } from '../command-result.ts';
import { EXIT } from '../exit-codes.ts';
import { blocks } from '../render/layout.ts';
import { loadSettings } from '../settings.ts';
import type { Surroundings } from '../surroundings.ts';
import { describeUnknown } from '../with-temporal.ts';
import { hasLedger, withWarehouse } from '../with-warehouse.ts';

export interface ReportOptions {
  /** File to write, HTML unless its name ends in .json; where it is not given, both go into the report folder. */
  readonly out?: string;
}

/** A report scans snapshot and shadow once. */
const REPORT_TIMEOUT_MS = 10 * 60_000;

/** Writes the report of a run from the ledger; neither a Temporal server nor a worker is asked. */
export async function report(
  backfillId: string,
  options: ReportOptions,
  surroundings: Surroundings,
): Promise<CommandResult> {
  const { config } = loadSettings(surroundings, ['warehouse']);
  const timeout = { statementTimeoutMs: REPORT_TIMEOUT_MS };
  return withWarehouse(
    config,
    async (session) => {
      await refuseUnknown(session, backfillId);
      const content = await readReport(session, backfillId);
      const path =
        options.out === undefined
          ? await writeReport(session, backfillId, config.reports)
          : await writeOut(resolve(surroundings.cwd, options.out), content);
      const text = blocks(content.summary.join('\n\n'), `The report: ${path}`, digestLine(content), next(content));
      const isAsRecorded = content.evidence?.verification.verified !== false;
      return { exitCode: isAsRecorded ? EXIT.done : EXIT.failed, text, json: content };
    },
    timeout,
  );
}

async function refuseUnknown(session: Session, backfillId: string): Promise<void> {
  if (!(await hasLedger(session)))
    throw commandError(
      EXIT.badInput,
      'this warehouse has no ledger that this role may read: backfill install --dataset <schema.table>',
    );
  if ((await session.rows<LedgerRun>(findRun(backfillId))).length > 0) return;
  const known = await session.rows<LedgerRun>(listRuns());
  throw commandError(
    EXIT.badInput,
    describeUnknown(
      backfillId,
      known.map((run) => run.backfillId),
    ),
  );
}

/** Replaced as a whole, so that nobody reads half of it. */
async function writeOut(path: string, content: Report): Promise<string> {
  const text = path.endsWith('.json') ? `${JSON.stringify(content, null, 2)}\n` : renderHtml(content);
  const draft = `${path}.${process.pid}`;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(draft, text, { mode: 0o600 });
  await rename(draft, path);
  return path;
}

/** What was recorded is digested anew from the ledger, so that a body that somebody changed is found by whoever reads it. */
function digestLine({ evidence }: Report): string | null {
  if (evidence === null) return null;
  const { verified, pieces, findings } = evidence.verification;
  if (verified) return `digest verified: ${evidence.digest} (${pieces} pieces of evidence digested anew)`;
  return `DIGEST NOT VERIFIED: the evidence in the ledger is not what was recorded\n${findings.map((one) => `  ${one}`).join('\n')}`;
}

function next({ status, commands }: Report): string | null {
  const lines = status === 'awaitingApproval' ? [commands.approve, commands.reject] : [];
  const shown = lines.filter((line) => line !== null);
  return shown.length === 0 ? null : `Next\n${shown.map((line) => `  ${line}`).join('\n')}`;
}
