import { realpathSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Client } from 'pg';
import { isPassing } from './passing-error.ts';
import type { LateEvent } from './pipeline-run.ts';
import { closeAbandonedRuns, finishRun, PIPELINE_NAME, startRun, writeLateEvent, writeToday } from './pipeline-run.ts';
import { withClient } from './with-client.ts';

export interface LivePipelineOptions {
  /** A login of role `revenue_pipeline`. */
  readonly url: string;
  /** Ends the pipeline after the run it is in. */
  readonly signal: AbortSignal;
  /** Time between late events; 0 writes none. Default 8. */
  readonly lateEverySeconds?: number | undefined;
  /** From the start of one run to the start of the next. Default 4,000. */
  readonly cycleMs?: number | undefined;
  /** How long a run takes at least. Default 400. */
  readonly busyMs?: number | undefined;
  /** Events of today written by a run. Default 5. */
  readonly eventsPerRun?: number | undefined;
  /** Chooses late days and events, in [0, 1); default `Math.random`. */
  readonly random?: (() => number) | undefined;
  readonly log: (entry: PipelineLogEntry) => void;
}

/** `late` is null where no late event was due; `at` is the end, ISO-8601 in UTC. */
export interface FinishedRun {
  readonly at: string;
  readonly message: 'run finished';
  readonly runId: string;
  readonly durationMs: number;
  readonly events: number;
  readonly late: LateEvent | null;
}

export type PipelineLogEntry =
  FinishedRun | { readonly at: string; readonly message: 'run failed, trying again'; readonly error: string };

/**
 * Writes like the team's own pipeline until `signal` is aborted. A server that is away or a lock that is held is tried
 * again each cycle; any other error is thrown.
 */
export async function runLivePipeline(options: LivePipelineOptions): Promise<void> {
  const cycleMs = options.cycleMs ?? 4000;
  const isLateDue = createLateSchedule((options.lateEverySeconds ?? 8) * 1000);
  const { signal } = options;
  while (!signal.aborted) {
    try {
      await withClient(options.url, async (client) => {
        await closeAbandonedRuns(client, PIPELINE_NAME);
        while (!signal.aborted) {
          const startedAt = Date.now();
          options.log(await oneRun(client, options, isLateDue()));
          await pause(startedAt + cycleMs - Date.now(), signal);
        }
      });
    } catch (error) {
      if (!isPassing(error)) throw error;
      options.log({ at: new Date().toISOString(), message: 'run failed, trying again', error: String(error) });
      await pause(cycleMs, signal);
    }
  }
}

async function oneRun(client: Client, options: LivePipelineOptions, lateDue: boolean): Promise<FinishedRun> {
  const startedAt = Date.now();
  const runId = await startRun(client, PIPELINE_NAME);
  const events = await writeToday(client, options.eventsPerRun ?? 5);
  const late = lateDue ? await writeLateEvent(client, options.random ?? Math.random) : null;
  await pause(startedAt + (options.busyMs ?? 400) - Date.now(), options.signal);
  await finishRun(client, runId);
  const at = new Date().toISOString();
  return { at, message: 'run finished', runId, durationMs: Date.now() - startedAt, events, late };
}

/** True once an interval, the first time after one interval has passed. */
function createLateSchedule(everyMs: number): () => boolean {
  let nextAt = Date.now() + everyMs;
  return () => {
    if (everyMs === 0 || Date.now() < nextAt) return false;
    nextAt = Date.now() + everyMs;
    return true;
  };
}

/** Waits, or returns at once when the pipeline is asked to stop. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(Math.max(0, ms), undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

async function main(): Promise<void> {
  const url = process.env['LIVE_PIPELINE_URL'];
  if (!url) throw new Error('LIVE_PIPELINE_URL is not set: give the PostgreSQL URL of role revenue_pipeline');
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort());
  await runLivePipeline({
    url,
    signal: stop.signal,
    lateEverySeconds: numberFrom('LIVE_PIPELINE_LATE_EVERY_SECONDS'),
    cycleMs: numberFrom('LIVE_PIPELINE_CYCLE_MS'),
    busyMs: numberFrom('LIVE_PIPELINE_BUSY_MS'),
    eventsPerRun: numberFrom('LIVE_PIPELINE_EVENTS_PER_RUN'),
    log: (entry) => process.stdout.write(`${JSON.stringify(entry)}\n`),
  });
}

function numberFrom(name: string): number | undefined {
  const text = process.env[name];
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`${name} is "${text}": give a number that is not negative`);
  return value;
}

const startedAs = process.argv[1];
if (startedAs !== undefined && import.meta.url === pathToFileURL(realpathSync(startedAs)).href) {
  main().catch((error: unknown) => {
    process.stderr.write(
      `live pipeline stopped: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exitCode = 1;
  });
}
