import { setTimeout as pause } from 'node:timers/promises';
import { withClient } from '../../examples/daily-revenue/with-client.ts';
import { drawFrom, seededRandom } from '../support/random.ts';
import { compareWithTruth } from '../traffic/compare-with-truth.ts';
import type { Differences } from '../traffic/compare-with-truth.ts';
import type { TrafficDataset } from '../traffic/dataset.ts';
import { buildCorrection, planOf } from '../traffic/dataset.ts';
import { SPARE_MERCHANT } from '../traffic/tables.ts';
import { startTraffic } from '../traffic/traffic.ts';
import { killBackend, struckWhile, untilDone, usualDurations } from './kills.ts';
import { STRANGERS, unapprovedReleases } from './strangers.ts';
import { startWorkerProcesses } from './worker-processes.ts';

/** The first five are held stable. What the others count is in one of them too, `cycles` and `reads` excepted. */
export interface Damage {
  /** That struck somebody, or were refused to somebody. */
  readonly faults: number;
  /** Reads that showed neither the old nor the corrected history of what they covered, or a release that lacks an earlier write. */
  readonly mixedReads: number;
  /** Rows of base and view, at the end, that are missing, twice there or not those of the truth; and reads that missed one before. */
  readonly lostRows: number;
  /** Messages and statements of people who may not decide that had an effect, and releases that nobody approved. */
  readonly unauthorised: number;
  /** Steps that did not converge, half releases that were seen, and errors that readers or writers met. */
  readonly unresolved: number;
  readonly seed: number;
  readonly cycles: number;
  readonly reads: number;
  readonly writes: number;
  readonly halves: number;
  readonly readerErrors: number;
  readonly writerErrors: number;
  readonly byKind: Readonly<Record<string, number>>;
}

export interface HavocOptions {
  readonly faults: number;
  readonly seed: number;
  readonly note: (line: string) => void;
}

/** A lock or a snapshot is held this long, at most: longer than an attempt of the switch, shorter than a person waits. */
const HELD_MS = 1_500;
/** In one step, so that it can end. */
const MOST_IN_A_STEP = 3;

export async function wreakHavoc(dataset: TrafficDataset, program: URL, options: HavocOptions): Promise<Damage> {
  const { faults: wanted, seed, note } = options;
  const random = seededRandom(seed);
  const byKind: Record<string, number> = {};
  const [failed, intruders]: [string[], string[]] = [[], []];
  await buildCorrection(dataset);
  const plan = await planOf(dataset.admin);
  const workers = startWorkerProcesses(dataset, program);
  const traffic = await startTraffic(dataset, { seed, readEveryMs: 60 });
  const held: Promise<void>[] = [];
  const hold = (text: string): Promise<boolean> => {
    const holding = withClient(dataset.adminUrl, async (client) => {
      await client.query(text);
      await pause(random() * HELD_MS);
      await client.query('ROLLBACK');
    });
    holding.catch(() => undefined); // Heard at the end.
    held.push(holding);
    return Promise.resolve(true);
  };
  const kinds: Readonly<Record<string, () => Promise<boolean>>> = {
    'backend killed': () => killBackend(dataset),
    'worker killed': () => workers.kill(),
    'lock held': () =>
      hold(drawFrom(random, [HELD_WRITE, HELD_WRITE, 'BEGIN; LOCK TABLE finance.sales_by_day IN SHARE MODE'])),
    'long reader': () => hold('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT sum(net) FROM finance.sales_current'),
    stranger: async () => {
      const [name, tries] = drawFrom(random, Object.entries(STRANGERS));
      if (await tries(dataset, plan)) intruders.push(name);
      return true;
    },
  };
  const strike = async (): Promise<boolean> => {
    const [kind, play] = drawFrom(random, Object.entries(kinds));
    const struck = await play();
    if (struck) byKind[kind] = (byKind[kind] ?? 0) + 1;
    return struck;
  };
  const durations = usualDurations();
  let faults = 0;
  let cycles = 0;
  try {
    while (faults < wanted && failed.length === 0) {
      await dataset.approveAnew();
      for (const step of ['publish', 'rollBack'] as const) {
        const most = Math.min(MOST_IN_A_STEP, wanted - faults);
        const options = { durations, random, most, struck: () => void (faults += 1) };
        await struckWhile(step, untilDone(workers, step), strike, options);
      }
      cycles += 1;
      if (cycles % 10 === 0) note(`${cycles} cycles, ${faults} of ${wanted} faults`);
    }
    await Promise.all(held);
  } catch (error) {
    failed.push(error instanceof Error ? error.message : String(error));
  } finally {
    await workers.end();
  }
  const seen = await traffic.stop();
  const lostRows = seen.wrong + (failed.length > 0 ? 0 : await lostAtTheEnd(dataset));
  for (const line of [
    ...failed,
    ...intruders,
    ...seen.halves,
    ...seen.readerErrors,
    ...seen.writerErrors,
    ...seen.samples,
  ].slice(0, 20))
    note(line);
  return {
    faults,
    mixedReads: seen.mixed + seen.overtaken,
    lostRows,
    unauthorised: intruders.length + (await unapprovedReleases(dataset)),
    unresolved: failed.length + seen.halves.length + seen.readerErrors.length + seen.writerErrors.length,
    seed,
    cycles,
    reads: seen.reads,
    writes: seen.writes,
    halves: seen.halves.length,
    readerErrors: seen.readerErrors.length,
    writerErrors: seen.writerErrors.length,
    byKind,
  };
}

/** A writer that holds its rows and the fence away. */
const HELD_WRITE = `BEGIN; UPDATE finance.sales_by_day SET net = net WHERE day = '2025-01-25' AND merchant = ${SPARE_MERCHANT}`;

/** On both sides of one more publication. */
async function lostAtTheEnd(dataset: TrafficDataset): Promise<number> {
  await dataset.settle();
  const before = await compareWithTruth(dataset.admin);
  await dataset.approveAnew();
  await dataset.publish();
  const after = await compareWithTruth(dataset.admin);
  const sum = ({ missing, unexpected, different }: Differences): number => missing + unexpected + different;
  return [before.base, before.view, after.base, after.view].reduce((total, one) => total + sum(one), 0);
}
