import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ORDERS } from '../support/odd-datasets.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

let world: SmallDataset;
beforeEach(async () => {
  world = await createDataset(ORDERS);
  await world.plan();
  await world.preserve();
  await world.build();
});
afterEach(() => world.end());

/** The live pipeline dates an order outside the interval; the sources still say that it lies inside. */
const moveOut = () => world.query(`UPDATE finance.orders SET day = '2025-02-01' WHERE order_id = 2`);
const elsewhere = { name: 'keys_elsewhere', verdict: 'fail', figure: '1' };

describe('a key of the overlay that the base holds outside the interval', () => {
  it('fails the run, so that nobody is asked to approve a view that shows a row twice', async () => {
    await moveOut();
    const outcome = await world.activities.concludeEvidence({ backfillId: 'fix-tax' });
    expect(outcome).toMatchObject({ kind: 'concluded', failed: elsewhere });
  });

  it('and comes after the approval by a write that leaves no mark voids it before the switch', async () => {
    await world.query(`DELETE FROM finance.orders WHERE order_id = 2`);
    await world.conclude();
    await world.approve();
    await world.query(`INSERT INTO finance.orders (order_id, day, amount) VALUES (2, '2025-02-01', 2)`);
    expect(await world.query('SELECT FROM governance.dirty_partitions')).toEqual([]);
    await expect(world.publish()).rejects.toThrow(/approvalVoid.*before the switch the run fails keys_elsewhere: 1/);
    expect(await world.query('SELECT FROM governance.data_releases')).toEqual([]);
  });

  it('is no concern where each key stands once: the run passes the check', async () => {
    const { evidence } = await world.conclude();
    expect(evidence.checks).toContainEqual(expect.objectContaining({ ...elsewhere, verdict: 'pass', figure: '0' }));
  });
});
