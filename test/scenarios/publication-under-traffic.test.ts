import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareWithTruth } from '../../bench/traffic/compare-with-truth.ts';
import type { TrafficDataset } from '../../bench/traffic/dataset.ts';
import { buildCorrection, createTrafficDataset } from '../../bench/traffic/dataset.ts';
import { READERS } from '../../bench/traffic/readers.ts';
import { startTraffic } from '../../bench/traffic/traffic.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { createDatabase } from '../support/postgres.ts';
import { waitFor } from '../support/wait-for.ts';

const CYCLES = 50;
const SEED = 7;
/** So many reads meet each side of each switch. */
const READS_BETWEEN = 25;
const EQUAL = { missing: 0, unexpected: 0, different: 0 };

describe(`${CYCLES} publications and rollbacks while ${READERS.length} connections read and 4 write`, () => {
  let database: TestDatabase;
  let dataset: TrafficDataset;
  beforeAll(async () => {
    database = await createDatabase();
    dataset = await createTrafficDataset(database.url);
  });
  afterAll(async () => {
    await dataset.end();
    await database.drop();
  });

  it('show every reader one side whole, lose no write, and leave base and view in agreement with the truth', async () => {
    const traffic = await startTraffic(dataset, { seed: SEED });
    const { tally } = traffic;
    const moreReads = async (): Promise<void> => {
      const enough = tally.reads + READS_BETWEEN;
      await waitFor(() => tally.reads >= enough, { timeoutMs: 30_000, describe: 'reads of what is shown now' });
    };
    await buildCorrection(dataset);
    for (let cycle = 1; cycle <= CYCLES; cycle += 1) {
      await dataset.approveAnew();
      await dataset.publish();
      await moreReads();
      await dataset.rollBack();
      await moreReads();
    }
    const ended = await traffic.stop();

    const { mixed, wrong, overtaken, readerErrors, writerErrors, samples, halves } = ended;
    expect({ mixed, wrong, overtaken, readerErrors, writerErrors, samples, halves }).toEqual({
      mixed: 0,
      wrong: 0,
      overtaken: 0,
      readerErrors: [],
      writerErrors: [],
      samples: [],
      halves: [],
    });
    for (const { kind } of READERS) {
      const sides = ended.sides.get(kind);
      expect(sides?.old, `${kind} met the old side`).toBeGreaterThan(0);
      expect(sides?.corrected, `${kind} met the corrected side`).toBeGreaterThan(0);
    }
    expect(ended.writesByKind.size).toBe(6);
    expect(ended.looks).toBeGreaterThan(CYCLES);

    await dataset.settle();
    expect(await compareWithTruth(dataset.admin)).toEqual({ base: EQUAL, view: EQUAL });
    await dataset.approveAnew();
    await dataset.publish();
    expect(await compareWithTruth(dataset.admin)).toEqual({ base: EQUAL, view: EQUAL });
    const { rows } = await dataset.admin.query(
      'SELECT state, count(*)::int AS n FROM governance.data_releases GROUP BY 1 ORDER BY 1',
    );
    expect(rows).toEqual([
      { state: 'published', n: 1 },
      { state: 'rolled_back', n: CYCLES },
    ]);
  }, 400_000);
});
