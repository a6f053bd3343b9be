import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HoldUp } from '../support/hold-up.ts';
import { holdUp } from '../support/hold-up.ts';
import { waitFor } from '../support/wait-for.ts';
import type { Started, World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

/** Of a lane's statement that does not come to its end by itself. */
describe('a statement that is still running', () => {
  let world: World;
  let hold: HoldUp;
  let run: Started;
  beforeAll(async () => {
    world = await createWorld(100);
    hold = await holdUp(world, { insert: '2026-04-09', check: '2026-04-27' });
    await world.startWorker({ contracts: hold.contracts });
  });
  afterAll(async () => {
    await world.end();
    await rm(hold.contracts, { recursive: true, force: true });
  });

  it('when a pause is asked for is cancelled after its grace: the run is paused, not held, and goes on from there', async () => {
    await hold.stopAt('insert');
    run = await world.start({
      set: { 'source_range.start': '2026-03-30', 'validation.revenue_delta_expected': '-8% to 0%' },
    });
    await hold.reached('insert');
    await run.update('pause', { by: 'olaf', reason: 'month end' });
    await waitFor(
      async () => {
        const { rowCount } = await world.admin.query(
          'SELECT FROM governance.backfill_attempts WHERE backfill_id = $1 AND ended_at IS NULL',
          [run.id],
        );
        return rowCount === 0;
      },
      { timeoutMs: 20_000, describe: 'every lane to be idle' },
    );
    await hold.letGo('insert');
    await run.update('resume', { by: 'olaf' });
    await run.reach('awaitingApproval');
    const { rows } = await world.admin.query(
      'SELECT min(builds) AS least, max(builds) AS most FROM governance.backfill_partitions WHERE backfill_id = $1',
      [run.id],
    );
    expect(rows).toEqual([{ least: 1, most: 1 }]);
    await run.update('abort', { by: 'dora', reason: 'done' });
    await run.result();
  });

  it('when an administrator cancels it holds the run, with the partition’s name: a person asked for it', async () => {
    await hold.stopAt('insert');
    run = await world.start({
      set: { 'source_range.start': '2026-03-30', 'validation.revenue_delta_expected': '-8% to 0%' },
    });
    await hold.reached('insert');
    await hold.cancel('insert');
    const { hold: why } = await run.reach('held');
    expect(why?.reason).toMatch(/partition 2026-04-09 of finance\.daily_revenue: canceling statement/);
    await hold.letGo('insert');
    await run.update('retry', { by: 'olaf' });
    await run.reach('awaitingApproval');
  });
});
