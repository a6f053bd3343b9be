import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

/** An abort in planning, whose workflow never learned that its plan was frozen. */
describe('giving up a plan that the workflow does not know of', () => {
  let world: SmallDataset;
  beforeEach(async () => {
    world = await createDataset();
  });
  afterEach(() => world.end());

  const giveUp = () => world.activities.cleanUp({ backfillId: 'fix-tax', keepSnapshot: false, unplanned: true });
  const run = () => world.query('SELECT status, ended_at IS NOT NULL AS ended FROM governance.backfill_runs');

  it('does nothing where the ledger holds none', async () => {
    expect(await giveUp()).toEqual({ dropped: [] });
    expect(await run()).toEqual([]);
  });

  it('ends the run that was left open, with what it made, so that the dataset is free', async () => {
    await world.plan();
    await world.preserve();
    expect((await giveUp()).dropped).toEqual([
      'capture "finance"."sales_by_day"',
      'snapshot "finance"."sales_before"',
      'shadow "finance"."sales_by_day_v2"',
    ]);
    expect(await run()).toEqual([{ status: 'aborted', ended: true }]);
  });

  it('leaves a release alone that readers see', async () => {
    await world.plan();
    await world.throughPublication();
    expect(await giveUp()).toEqual({ dropped: [] });
    expect(await run()).toMatchObject([{ ended: false }]);
  });

  it('refuses to remove what readers see where the workflow does know of it, for a person and once', async () => {
    await world.plan();
    await world.throughPublication();
    await expect(world.activities.cleanUp({ backfillId: 'fix-tax', keepSnapshot: false })).rejects.toMatchObject({
      type: 'StatementRefused',
      nonRetryable: true,
      message: 'finance.sales_by_day still shows fix-tax: roll it back first; nothing was removed',
    });
  });
});
