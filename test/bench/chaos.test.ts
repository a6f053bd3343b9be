import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { wreakHavoc } from '../../bench/chaos/havoc.ts';
import type { TrafficDataset } from '../../bench/traffic/dataset.ts';
import { createTrafficDataset } from '../../bench/traffic/dataset.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { createDatabase } from '../support/postgres.ts';

/** A publication under traffic takes half a second, on a busy machine several. */
const PATIENCE_MS = 400_000;
const CHILD = new URL('../../dist/bench/chaos/worker-child.js', import.meta.url);

describe('seeded faults during publications and rollbacks', () => {
  let database: TestDatabase;
  let dataset: TrafficDataset;
  beforeEach(async () => {
    database = await createDatabase();
    dataset = await createTrafficDataset(database.url);
  });
  afterEach(async () => {
    await dataset.end();
    await database.drop();
  });
  const havoc = (faults: number) => wreakHavoc(dataset, CHILD, { faults, seed: 3, note: () => undefined });

  it(
    'leave no mixed read, no lost row, no unauthorised decision and nothing unresolved',
    async () => {
      const damage = await havoc(12);
      expect(damage).toMatchObject({ faults: 12, mixedReads: 0, lostRows: 0, unauthorised: 0, unresolved: 0 });
      expect(Object.keys(damage).slice(0, 5)).toEqual([
        'faults',
        'mixedReads',
        'lostRows',
        'unauthorised',
        'unresolved',
      ]);
    },
    PATIENCE_MS,
  );

  it(
    'count what somebody could do who has a right too many',
    async () => {
      await dataset.admin.query(`
      GRANT USAGE ON SCHEMA governance TO dashboard, revenue_pipeline;
      GRANT SELECT, DELETE ON governance.dirty_partitions TO revenue_pipeline;
      ALTER TABLE governance.backfill_approvals DISABLE TRIGGER check_approval, DROP CONSTRAINT four_eyes;
      GRANT UPDATE ON governance.backfill_approvals, governance.backfill_events TO backfill_worker`);
      const damage = await havoc(40);
      // What should not be there counts, or stops the switch at the next guard, which ends the run.
      expect(damage.unauthorised + damage.unresolved).toBeGreaterThan(0);
    },
    PATIENCE_MS,
  );
});
