import { setMaxListeners } from 'node:events';
import { seededRandom } from '../support/random.ts';
import type { TrafficDataset } from './dataset.ts';
import { READERS, runReader } from './readers.ts';
import { WRITERS } from './tables.ts';
import type { Tally } from './tally.ts';
import { newTally } from './tally.ts';
import type { HalvesWatch } from './watch-halves.ts';
import { watchHalves } from './watch-halves.ts';
import { readWitnesses } from './witnesses.ts';
import { runWriter } from './writers.ts';

export interface TrafficOptions {
  readonly seed: number;
  /** Of each reader and each writer, from one turn to the next on average. */
  readonly readEveryMs?: number;
  readonly writeEveryMs?: number;
}

export interface Traffic {
  /** Everything so far; it goes on being counted. */
  readonly tally: Tally;
  readonly halves: readonly string[];
  stop(): Promise<Tally & Awaited<ReturnType<HalvesWatch['stop']>>>;
}

/** Late writes at this pace leave a pass of catching up enough room to end: faster ones are another test. */
const WRITE_EVERY_MS = 400;
const READ_EVERY_MS = 40;

/** Sixteen readers, four writers and one who looks for half a release, on connections of their own. */
export async function startTraffic(dataset: TrafficDataset, options: TrafficOptions): Promise<Traffic> {
  const tally = newTally();
  const stop = new AbortController();
  const { signal } = stop;
  setMaxListeners(0, signal);
  const witnesses = await readWitnesses(dataset.admin);
  const everyMs = options.readEveryMs ?? READ_EVERY_MS;
  const watch = await watchHalves(dataset, witnesses);
  const readers = READERS.map((reader, nth) =>
    runReader({ dataset, reader, witnesses, random: seededRandom(options.seed + nth), everyMs, signal }, tally),
  );
  const writers = Array.from({ length: WRITERS }, (_, nth) =>
    runWriter(
      {
        url: dataset.urls.revenue_pipeline,
        number: nth + 1,
        random: seededRandom(options.seed + 100 + nth),
        everyMs: options.writeEveryMs ?? WRITE_EVERY_MS,
        signal,
      },
      tally,
    ),
  );
  const running = Promise.all([...readers, ...writers]);
  // Heard by stop(); until then an error must not count as nobody's.
  running.catch(() => undefined);
  return {
    tally,
    halves: watch.halves,
    stop: async () => {
      stop.abort();
      const watched = await watch.stop();
      await running;
      return { ...tally, ...watched };
    },
  };
}
