import type { Client } from '@temporalio/client';
import { queryStatus } from '../../client/query-status.ts';
import { startBackfill } from '../../client/start-backfill.ts';
import type { StatusView } from '../../domain/status-view.ts';
import { formatName } from '../../domain/names.ts';
import { waitUntil } from '../../local/wait-until.ts';
import type { CommandResult } from '../command-result.ts';
import { commandError } from '../command-result.ts';
import { EXIT } from '../exit-codes.ts';
import type { DocumentOptions, SpecFile } from '../read-documents.ts';
import { readSpecFile } from '../read-documents.ts';
import { waitingForWorker } from '../no-worker.ts';
import { readStatus } from '../read-status.ts';
import { problemJson, renderProblems } from '../render/problems.ts';
import { renderNext, renderStarted } from '../render/started.ts';
import type { Settings } from '../settings.ts';
import { loadSettings } from '../settings.ts';
import type { ParsedSpec } from '../../spec/parse-spec.ts';
import type { Surroundings } from '../surroundings.ts';
import { watchStatus } from '../watch-status.ts';
import { linkTo, unknownBackfill, withTemporal } from '../with-temporal.ts';
import { statusResult } from './status.ts';

export interface StartOptions extends DocumentOptions {
  /** Null: the spec's owner. */
  readonly requestedBy: string | null;
  /** Stays until the run ends or needs a person. */
  readonly wait: boolean;
  readonly json: boolean;
}

/** Checks the documents, starts the workflow, and stays long enough to see its plan frozen or refused. */
export async function start(path: string, options: StartOptions, surroundings: Surroundings): Promise<CommandResult> {
  const settings = loadSettings(surroundings);
  const read = await readSpecFile(path, options, settings, surroundings);
  if (!read.ok)
    return {
      exitCode: EXIT.badInput,
      text: `${renderProblems(path, read.problems)}; nothing was started`,
      json: { kind: 'invalid', problems: read.problems.map(problemJson) },
    };
  const { backfillId } = read.file.parsed.spec;
  return withTemporal(settings.config, async (client) => {
    const run = await launch(client, read.file, options, settings);
    const link = linkTo(settings.config, run.workflowId, run.runId);
    if (!options.json) surroundings.show(`${renderStarted(backfillId, link)}\n`);
    if (options.wait) {
      const look = async () =>
        waitingForWorker(
          (await readStatus(client, settings.config, backfillId)) ?? raise(await unknownBackfill(client, backfillId)),
          settings.config,
        );
      return statusResult(
        await watchStatus(look, settings.config, options.json, surroundings),
        settings.config,
        surroundings,
      );
    }
    return planned(await seePlan(client, backfillId), { backfillId, link, ...run });
  });
}

async function launch(
  client: Client,
  { text, overrides, parsed }: SpecFile,
  { requestedBy }: StartOptions,
  { config }: Settings,
): Promise<{ readonly workflowId: string; readonly runId: string }> {
  const { backfillId, target, sourceRange, reason, owner } = parsed.spec;
  const range = `${sourceRange.start}..${sourceRange.end}`;
  const dataset = formatName(target.table);
  const outcome = await startBackfill(client, {
    backfillId,
    specText: text,
    requestedBy,
    set: Object.fromEntries(overrides.map(({ path, value }) => [path, value])),
    summary: `${dataset} ${range} ${reason.issue}`,
    details: [
      `**${reason.issue}**: ${reason.change}`,
      `- dataset ${dataset}, ${range}`,
      `- owner ${owner}, requested by ${requestedBy ?? owner}`,
      ...overrides.map(({ path, value }) => `- override ${path} = ${value}`),
      'What it does and waits for stands in Current Details.',
    ]
      .join('\n')
      .replaceAll('<', '&lt;'),
    taskQueuePrefix: config.taskQueuePrefix,
  });
  if (outcome.kind === 'started') return outcome;
  throw commandError(EXIT.badInput, await alreadyRunning(client, parsed, outcome.workflowId));
}

/** A spec that was changed since would otherwise look as if it had been taken. */
async function alreadyRunning(client: Client, { spec, specHash }: ParsedSpec, workflowId: string): Promise<string> {
  const { backfillId } = spec;
  const answer = await queryStatus(client, backfillId);
  const running = answer.kind === 'answered' ? answer.view.specHash : null;
  const see = `See what it does: backfill status ${backfillId}`;
  return running === null || running === specHash
    ? `${backfillId} is already running (workflow ${workflowId}); nothing was started. ${see}`
    : `${backfillId} is already running with another spec or other overrides (--set; sha256 of both together ${running.slice(0, 12)}, this one is ${specHash.slice(0, 12)}); nothing was started or changed. Choose another backfill_id, or abort it first. ${see}`;
}

/** Five samples and a look at the catalogue take seconds; whoever has to wait longer can watch. */
const PLANNING_MS = 20_000;

type Seen = { readonly kind: 'view'; readonly view: StatusView } | { readonly kind: 'noWorker' };

/** Until the plan is frozen or refused; the last look where it takes longer than people like to wait. */
async function seePlan(client: Client, backfillId: string): Promise<Seen> {
  let last: Seen = { kind: 'noWorker' };
  const look = async (): Promise<Seen | null> => {
    const answer = await queryStatus(client, backfillId);
    if (answer.kind !== 'answered') return { kind: 'noWorker' };
    last = { kind: 'view', view: answer.view };
    return answer.view.status === 'planning' ? null : last;
  };
  return waitUntil(look, { timeoutMs: PLANNING_MS, everyMs: 200, describe: 'the plan' }).catch(() => last);
}

interface Started {
  readonly backfillId: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly link: string | null;
}

function planned(seen: Seen, started: Started): CommandResult {
  const { backfillId } = started;
  const result = (
    kind: string,
    exitCode: CommandResult['exitCode'],
    text: string,
    more: object = {},
  ): CommandResult => ({
    exitCode,
    text,
    json: { kind, ...started, ...more },
  });
  if (seen.kind === 'noWorker')
    return result('started', EXIT.done, `${backfillId} is started; no worker answered: npm run worker`, {
      workerAnswered: false,
    });
  const { status, because, partitions, batches, planHash } = seen.view;
  if (status === 'failed') {
    const reasons = (because ?? 'no reason was recorded').split('\n');
    const text = ['The plan is refused; nothing was written.', ...reasons.map((reason) => `- ${reason}`)].join('\n');
    return result('refused', EXIT.failed, text, { reasons });
  }
  const view = { workerAnswered: true, status, planHash };
  return status === 'planning'
    ? result('started', EXIT.done, `It is still planning: backfill status ${backfillId} --watch`, view)
    : result(
        'started',
        EXIT.done,
        [
          `The plan is frozen: ${partitions.total} partitions in ${batches.total} batches (${planHash?.slice(0, 12) ?? ''}).`,
          renderNext(backfillId),
        ].join('\n'),
        view,
      );
}

function raise(error: Error): never {
  throw error;
}
