import { setTimeout as pause } from 'node:timers/promises';
import type { TrafficDataset } from '../traffic/dataset.ts';
import type { Step, WorkerProcesses } from './worker-processes.ts';

/** Under how many attempts every retry must have converged; a minute of them. */
const TRIES = 200;
const BETWEEN_MS = 50;

/** Plays a step as the server would: again and again until it is done, whatever dies meanwhile. Answers the outcome. */
export async function untilDone(workers: WorkerProcesses, step: Step): Promise<string> {
  let last = 'killed';
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    const reply = await workers.play(step);
    if (reply?.kind === 'done') return reply.outcome;
    if (reply?.kind === 'failed') {
      if (!reply.retry) throw new Error(`${step} gave up: ${reply.message}`);
      last = reply.message;
    }
    await pause(BETWEEN_MS);
  }
  throw new Error(`${step} was not done in ${TRIES} attempts: ${last}`);
}

/** How long each step takes that nothing strikes, as it was last seen: a random moment is drawn from that. */
export type Durations = Record<Step, number>;

export function usualDurations(): Durations {
  return { publish: 150, rollBack: 20 };
}

/** Sessions of the backfill's role that run something, or did a moment ago; a pooled connection that sleeps is none. */
const AT_WORK = `usename = 'backfill_worker' AND datname = current_database() AND application_name LIKE 'backfill/%'
  AND (state <> 'idle' OR state_change > clock_timestamp() - interval '10 milliseconds')`;

/** Ends one backend that publishes or rolls back; false where none was at work at that moment. */
export async function killBackend({ admin }: TrafficDataset): Promise<boolean> {
  const { rows } = await admin.query<{ killed: boolean }>(
    `SELECT pg_terminate_backend(pid) AS killed FROM pg_stat_activity WHERE ${AT_WORK} ORDER BY state = 'idle', state_change DESC LIMIT 1`,
  );
  return rows[0]?.killed ?? false;
}

/** A fault at random moments of one step until it is done; answers how often it struck. */
export async function struckWhile(
  step: Step,
  work: Promise<unknown>,
  strike: () => Promise<boolean>,
  options: {
    readonly durations: Durations;
    readonly random: () => number;
    readonly most: number;
    readonly struck?: () => void;
  },
): Promise<number> {
  const { durations, random, most } = options;
  const started = performance.now();
  let struck = 0;
  let done = false;
  const ended = work.finally(() => {
    done = true;
    if (struck === 0) durations[step] = (durations[step] + performance.now() - started) / 2;
  });
  ended.catch(() => undefined); // Heard below, after the striking has ended.
  while (!done && struck < most) {
    await pause(random() * durations[step]);
    if (done || !(await strike())) continue;
    struck += 1;
    options.struck?.();
  }
  await ended;
  return struck;
}
