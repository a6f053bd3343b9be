import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { killBackend, struckWhile, untilDone, usualDurations } from '../../bench/chaos/kills.ts';
import type { WorkerProcesses } from '../../bench/chaos/worker-processes.ts';
import { startWorkerProcesses } from '../../bench/chaos/worker-processes.ts';
import { seededRandom } from '../../bench/support/random.ts';
import { compareWithTruth } from '../../bench/traffic/compare-with-truth.ts';
import type { TrafficDataset } from '../../bench/traffic/dataset.ts';
import { buildCorrection, createTrafficDataset } from '../../bench/traffic/dataset.ts';
import type { Traffic } from '../../bench/traffic/traffic.ts';
import { startTraffic } from '../../bench/traffic/traffic.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { createDatabase } from '../support/postgres.ts';

const KILLS = 60;
const SEED = Number(process.env['KILLS_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const CHILD = new URL('../../dist/bench/chaos/worker-child.js', import.meta.url);
/** A process takes a third of a second to start, on a busy machine two. */
const PATIENCE_MS = 400_000;
const EQUAL = { missing: 0, unexpected: 0, different: 0 };
/** The traffic is here to be damaged, not to be in the way: few reads and writes leave the processors to the kills. */
const CALM = { readEveryMs: 400, writeEveryMs: 1_500 };

describe(`${KILLS} kills at random moments of publications and rollbacks (KILLS_SEED=${SEED})`, () => {
  let database: TestDatabase;
  let dataset: TrafficDataset;
  let workers: WorkerProcesses;
  let traffic: Traffic;
  beforeAll(async () => {
    database = await createDatabase();
    dataset = await createTrafficDataset(database.url);
    workers = startWorkerProcesses(dataset, CHILD);
    await buildCorrection(dataset);
    traffic = await startTraffic(dataset, { seed: SEED, ...CALM });
  });
  afterAll(async () => {
    await traffic.stop();
    await workers.end();
    await dataset.end();
    await database.drop();
  });

  /** Cycles until it struck often enough; each step ends done, and its state is there. */
  async function strikeOften(strike: () => Promise<boolean>): Promise<Record<'publish' | 'rollBack', number>> {
    const random = seededRandom(SEED);
    const durations = usualDurations();
    const struck = { publish: 0, rollBack: 0 };
    while (struck.publish + struck.rollBack < KILLS) {
      await dataset.approveAnew();
      for (const step of ['publish', 'rollBack'] as const) {
        const work = untilDone(workers, step);
        const most = Math.min(3, KILLS - struck.publish - struck.rollBack);
        struck[step] += await struckWhile(step, work, strike, { durations, random, most });
        if (step === 'publish') expect(JSON.parse(await work)).toMatchObject({ kind: 'published' });
        expect(await shown(dataset)).toBe(step === 'publish' ? 'published' : 'rolled_back');
      }
    }
    return struck;
  }

  it(
    'of its backend: every retry converges',
    async () => {
      const struck = await strikeOften(() => killBackend(dataset));
      expect(struck.publish).toBeGreaterThan(0);
      expect(struck.rollBack).toBeGreaterThan(0);
    },
    PATIENCE_MS,
  );

  it(
    'of its process: every retry converges',
    async () => {
      const struck = await strikeOften(() => workers.kill());
      expect(struck.publish).toBeGreaterThan(0);
      expect(struck.rollBack).toBeGreaterThan(0);
    },
    PATIENCE_MS,
  );

  it('were never seen as half a release, showed nobody a mixed world and lost no row', async () => {
    const { looks, halves, mixed, wrong, overtaken, readerErrors, writerErrors, samples } = await traffic.stop();
    expect({ halves, mixed, wrong, overtaken, readerErrors, writerErrors, samples }).toEqual({
      halves: [],
      mixed: 0,
      wrong: 0,
      overtaken: 0,
      readerErrors: [],
      writerErrors: [],
      samples: [],
    });
    expect(looks).toBeGreaterThan(500);
    await dataset.settle();
    expect(await compareWithTruth(dataset.admin)).toEqual({ base: EQUAL, view: EQUAL });
  });
});

async function shown({ admin }: TrafficDataset): Promise<string | undefined> {
  const { rows } = await admin.query<{ state: string }>(
    'SELECT state FROM governance.data_releases ORDER BY epoch DESC LIMIT 1',
  );
  return rows[0]?.state;
}
