import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { compareWithTruth } from '../../bench/traffic/compare-with-truth.ts';
import type { TrafficDataset } from '../../bench/traffic/dataset.ts';
import { createTrafficDataset } from '../../bench/traffic/dataset.ts';
import { READERS } from '../../bench/traffic/readers.ts';
import { BACKFILL_ID, SPEC } from '../../bench/traffic/tables.ts';
import type { Traffic } from '../../bench/traffic/traffic.ts';
import { startTraffic } from '../../bench/traffic/traffic.ts';
import { createDatabase } from '../support/postgres.ts';
import { waitFor } from '../support/wait-for.ts';
import type { World } from '../support/world.ts';
import { worldOn } from '../support/world.ts';

const SEED = 5;
const READS = 200;
const EQUAL = { missing: 0, unexpected: 0, different: 0 };

describe('a whole backfill while sixteen connections read and four write', () => {
  let dataset: TrafficDataset;
  let world: World;
  let traffic: Traffic;
  beforeAll(async () => {
    const database = await createDatabase();
    dataset = await createTrafficDataset(database.url);
    world = await worldOn({
      adminUrl: database.url,
      urls: dataset.urls,
      temporalAddress: inject('temporalAddress'),
      dropDatabase: () => database.drop(),
    });
    await world.startWorker({ contracts: dataset.contracts });
    traffic = await startTraffic(dataset, { seed: SEED });
  });
  afterAll(async () => {
    await traffic.stop();
    await world.stopWorker();
    await dataset.end();
    await world.end();
  });
  const moreReads = async (): Promise<void> => {
    const enough = traffic.tally.reads + READS;
    await waitFor(() => traffic.tally.reads >= enough, { timeoutMs: 60_000, describe: 'reads of what is shown now' });
  };

  it('from plan to sign-off, with a rollback and a second publication, shows nobody a mixed world and loses no write', async () => {
    const run = await world.start({ id: BACKFILL_ID, spec: SPEC, set: { 'rollback.window': '20s' } });
    await run.reach('awaitingApproval');
    await run.approve('controller');
    await run.reach('observing');
    await moreReads();
    await run.signal('rollback', { by: 'olaf', reason: 'to see it' });
    await run.reach('rolledBack');
    await moreReads();
    await run.signal('republish', { by: 'olaf' });
    await run.reach('awaitingApproval');
    await run.approve('controller');
    await run.reach('awaitingSignOff');
    for (const by of ['data', 'bi']) await run.update('signOff', { by });
    expect(await run.result()).toMatchObject({ status: 'completed' });
    await moreReads();
    const { mixed, wrong, overtaken, readerErrors, writerErrors, samples, halves, sides } = await traffic.stop();
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
      expect(sides.get(kind)?.old, `${kind} met the old side`).toBeGreaterThan(0);
      expect(sides.get(kind)?.corrected, `${kind} met the corrected side`).toBeGreaterThan(0);
    }
    expect(await compareWithTruth(dataset.admin)).toEqual({ base: EQUAL, view: EQUAL });
  }, 400_000);
});
