import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { rollbackStatement } from '../../src/ledger/releases.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';
import { sqlstate } from '../support/sqlstate.ts';

let world: SmallDataset;
let plan: BackfillPlan;

beforeAll(async () => {
  world = await createDataset();
  plan = await world.plan();
});
afterAll(() => world.end());

/** How an attempt of the worker goes after another statement of its own; both are undone. */
const afterwards = (first: string, attempt: string) =>
  world.session(async (session) => {
    await session.change({ text: 'BEGIN', values: [] });
    try {
      await session.change({ text: first, values: [] });
      const tried = session.change({ text: attempt, values: [] });
      return await tried.then(
        () => 'done',
        () => sqlstate(tried),
      );
    } finally {
      await session.change({ text: 'ROLLBACK', values: [] });
    }
  });

describe('a run that has ended', () => {
  const ENDED = `UPDATE governance.backfill_runs SET status = 'aborted', ended_at = now()`;
  const REFUSED = { code: '23514', constraint: 'ended_stays_ended' };

  it.each([
    `UPDATE governance.backfill_runs SET ended_at = NULL`,
    `UPDATE governance.backfill_runs SET ended_at = now() + interval '1 day'`,
    `UPDATE governance.backfill_runs SET status = 'building'`,
    `UPDATE governance.backfill_runs SET status_since = now() - interval '1 day'`,
    `UPDATE governance.backfill_partitions SET state = 'planned'`,
    `UPDATE governance.backfill_partitions SET consolidated_at = NULL WHERE ordinal = 3`,
    `UPDATE governance.backfill_batches SET state = 'passed' WHERE batch = 1`,
    `INSERT INTO governance.backfill_batches (backfill_id, batch, first_ordinal, last_ordinal, range_start, range_end) VALUES ('fix-tax', 99, 99, 99, 'a', 'b')`,
    `INSERT INTO governance.backfill_partitions (backfill_id, ordinal, batch, era, partition_start, partition_end) VALUES ('fix-tax', 99, 1, 1, 'a', 'b')`,
  ])('stays as it is: %s', async (attempt) => {
    expect(await afterwards('SELECT', attempt), 'while it runs').toBe('done');
    expect(await afterwards(ENDED, attempt)).toEqual(REFUSED);
  });

  it('may be cleaned up after', async () => {
    for (const attempt of [
      `UPDATE governance.backfill_artifacts SET dropped_at = now()`,
      `UPDATE governance.backfill_attempts SET ended_at = now()`,
      `DELETE FROM governance.dirty_partitions`,
      rollbackStatement(plan, 'FIN-1', 'on-call', 'late'),
    ])
      expect(await afterwards(ENDED, attempt), attempt).toBe('done');
  });
});
