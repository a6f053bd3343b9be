import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

let world: SmallDataset;
beforeEach(async () => {
  world = await createDataset();
  await world.plan();
  await world.preserve();
  await world.build();
  await world.conclude();
  await world.approve();
});
afterEach(() => world.end());

/** A source row, and no write to the base: no trigger sees it. */
const late = (day: string, gross: number, tax = 0) =>
  world.query(`INSERT INTO staging.sales (day, merchant, gross, tax) VALUES ('${day}', 2, ${gross}, ${tax})`);
const builtTwice = async () =>
  (
    await world.query<{ start: string }>(
      `SELECT partition_start AS start FROM governance.backfill_partitions WHERE builds > 1 ORDER BY 1`,
    )
  ).map(({ start }) => start);
const looks = () =>
  world.query(
    `SELECT what, bytes > 0 AS counted FROM governance.backfill_spending WHERE what LIKE 'look at sources%' ORDER BY at`,
  );

describe('a source that changes after the approval without a write to the base', () => {
  it('is built again before the switch, and is an amendment while it stays inside the envelope', async () => {
    await late('2025-01-03', 2);
    expect(await world.publish()).toBe('FIN-1');
    expect(await builtTwice()).toEqual(['2025-01-03']);
    expect(
      await world.query(
        `SELECT amendments, amendment_list -> 0 -> 'partition' AS partition, amendment_list -> 0 -> 'moved' AS moved FROM governance.data_releases`,
      ),
    ).toEqual([{ amendments: 1, partition: '2025-01-03', moved: { net: '2.00', gross: '2.00' } }]);
    expect(await looks()).toEqual(
      [1, 2].map((batch) => ({ what: `look at sources of batch ${batch}`, counted: true })),
    );
  });

  it('outside the envelope voids the approval, and is in the evidence that is asked about next', async () => {
    await late('2025-01-03', 2);
    await late('2025-01-10', 2);
    await expect(world.publish()).rejects.toThrow('"kind":"approvalVoid"');
    expect(await builtTwice()).toEqual(['2025-01-03', '2025-01-10']);
    await world.conclude();
    await world.approve();
    expect(await world.publish()).toBe('FIN-1');
  });

  it('and moves a total by no more than its tolerance is found too', async () => {
    await world.query(
      `UPDATE governance.backfill_runs SET plan = replace(plan::text, '"tolerance":0', '"tolerance":1000')::json`,
    );
    await late('2025-01-03', 2);
    await world.publish();
    expect(await builtTwice()).toEqual(['2025-01-03']);
  });

  it('is not looked for again where that was done since the approval', async () => {
    await world.query(`UPDATE governance.backfill_batches SET sources_seen_at = clock_timestamp() WHERE batch = 1`);
    await world.publish();
    expect(await looks()).toEqual([{ what: 'look at sources of batch 2', counted: true }]);
  });
});

describe('the look at the sources', () => {
  it('asks the gate before each batch, and switches nobody while it is closed', async () => {
    const limits = { maxConcurrency: 1, dailyBytesBudget: 1 };
    const outcome = await world.activities.publishRelease({ backfillId: 'fix-tax', windowMs: 60_000, limits });
    expect(outcome).toMatchObject({ kind: 'gate' });
    expect(await looks()).toEqual([]);
    expect(await world.query('SELECT FROM governance.data_releases')).toEqual([]);
  });
});
