import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClaimResult } from '../../src/protocol/activities.ts';
import { WITH_MERCHANTS, notOfToday } from '../support/merchants-scenario.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

const REF = { backfillId: 'fix-tax' };
const LIMITS = { maxConcurrency: 1, dailyBytesBudget: null };
const BUILT_BEFORE =
  'A retry takes it as it is now and builds these again; where it was put back as it was, only what was built since it was last seen so';

let world: SmallDataset;
beforeEach(async () => {
  world = await createDataset(WITH_MERCHANTS);
  await world.plan();
  await world.preserve();
});
afterEach(() => world.end());

const rebuild = (from: number, to: number): Promise<ClaimResult> =>
  world.activities.rebuildClaim({ ...REF, claim: { from, to }, lane: 1, limits: LIMITS });
const changeMerchant = (set = 'quotes_tax = NOT quotes_tax') =>
  world.query(`UPDATE staging.merchants SET ${set} WHERE merchant = 2`);
const accept = () => world.activities.acceptInputs({ ...REF, by: 'dora' });
const mixed = async (): Promise<number> =>
  (await world.query<{ rows: number }>(notOfToday('finance.sales_by_day_v2')))[0]?.rows ?? -1;
const planned = async (): Promise<number[]> =>
  (
    await world.query<{ batch: number }>(
      `SELECT DISTINCT batch FROM governance.backfill_partitions WHERE state = 'planned' ORDER BY 1`,
    )
  ).map(({ batch }) => batch);

describe('a reference table that changes between the first batch and a later one', () => {
  it('holds and names it with the batches before; accepted by a retry, everything is built from one state', async () => {
    await rebuild(1, 3);
    await changeMerchant();
    await expect(rebuild(4, 7)).rejects.toMatchObject({
      type: 'InputChanged',
      nonRetryable: true,
      message: `reference input staging.merchants changed while the run builds on it (5 rows, other contents); built before: batches 1–3. ${BUILT_BEFORE}`,
    });
    expect(await planned()).toEqual([4, 5, 6, 7]);
    expect(await accept()).toMatchObject({ kind: 'accepted', counts: { partitionsDone: 0, batchesDone: 0 } });
    await rebuild(1, 7);
    expect(await mixed()).toBe(0);
    const { evidence } = await world.conclude();
    expect(evidence.checks).toContainEqual(
      expect.objectContaining({ name: 'reference_inputs', verdict: 'pass', figure: '14 partitions of one state' }),
    );
    expect(
      await world.query(
        `SELECT body -> 'inputs' -> 0 -> 'state' AS state, body -> 'inputs' -> 0 -> 'rows' AS rows FROM governance.backfill_evidence WHERE kind = 'run'`,
      ),
    ).toEqual([{ state: 2, rows: 5 }]);
    expect(
      await world.query(`SELECT kind, actor FROM governance.backfill_events WHERE kind LIKE 'reference inputs%'`),
    ).toEqual([{ kind: 'reference inputs accepted', actor: 'dora' }]);
  });

  it('holds again for what it became since it was shown, and accepts that when it was shown too', async () => {
    await rebuild(1, 1);
    await changeMerchant();
    await expect(rebuild(2, 2)).rejects.toMatchObject({ type: 'InputChanged' });
    await world.query(`INSERT INTO staging.merchants VALUES (6, true, null)`);
    expect(await accept()).toMatchObject({
      kind: 'changedAgain',
      reason: expect.stringContaining('staging.merchants changed while the run builds on it (5 → 6 rows)') as string,
    });
    expect(await planned()).toEqual([2, 3, 4, 5, 6, 7]);
    expect(await accept()).toMatchObject({ kind: 'accepted' });
    await rebuild(1, 7);
    expect(await mixed()).toBe(0);
  });

  it('goes on where it was put back, and builds again what was built since it was last seen so', async () => {
    await rebuild(1, 2);
    // As if it had changed in the midst of batch 2: seen for the last time before that was built, from something else.
    await changeMerchant();
    await world.query(`UPDATE finance.sales_by_day_v2 SET net = 0 WHERE day = '2025-01-03' AND merchant = 2`);
    await world.query(
      `UPDATE governance.reference_inputs SET seen_at = (SELECT built_at FROM governance.backfill_partitions WHERE ordinal = 3)`,
    );
    await expect(rebuild(3, 3)).rejects.toMatchObject({ type: 'InputChanged' });
    await changeMerchant();
    await expect(rebuild(3, 3)).rejects.toMatchObject({ type: 'InputChanged' });
    expect(await accept()).toMatchObject({ kind: 'accepted' });
    expect(await planned()).toEqual([2, 3, 4, 5, 6, 7]);
    await rebuild(1, 7);
    expect(await mixed()).toBe(0);
    expect(await world.query(`SELECT max(input_state) AS state FROM governance.backfill_partitions`)).toEqual([
      { state: 1 },
    ]);
  });

  it('would leave a history of two states if nobody looked', async () => {
    await rebuild(1, 3);
    await changeMerchant();
    // What a run that looks at nothing knows.
    await world.query(
      `UPDATE governance.reference_inputs SET fingerprint = (SELECT count(*) || ':' || sum(hashtextextended(m::text, 0)) FROM staging.merchants m)`,
    );
    await rebuild(4, 7);
    expect(await mixed()).toBeGreaterThan(0);
  });

  it('is found before the evidence, when every batch was built before', async () => {
    await rebuild(1, 7);
    await changeMerchant();
    await expect(world.conclude()).rejects.toMatchObject({
      type: 'InputChanged',
      message: expect.stringContaining('built before: batches 1–7.') as string,
    });
  });

  it('is found before the switch; what was approved is void, and nobody was switched', async () => {
    await rebuild(1, 7);
    await world.conclude();
    await world.approve();
    await changeMerchant();
    await expect(world.publish()).rejects.toMatchObject({ type: 'InputChanged' });
    expect(await world.query('SELECT FROM governance.data_releases')).toEqual([]);
    await accept();
    expect(await world.query('SELECT void_because FROM governance.backfill_approvals')).toEqual([
      { void_because: 'a reference input changed: what was approved is built again' },
    ]);
    await rebuild(1, 7);
    await world.conclude();
    await world.approve('director');
    expect(await world.publish()).toBe('FIN-1');
    expect((await world.query<{ rows: number }>(notOfToday('finance.sales_current')))[0]?.rows).toBe(0);
  });

  it('is noticed by a column that a type without a hash makes text of, by a row more, and by a column more', async () => {
    for (const change of [
      `UPDATE staging.merchants SET note = '{"a":1}' WHERE merchant = 3`,
      `INSERT INTO staging.merchants VALUES (7, false, null)`,
      `ALTER TABLE staging.merchants ADD COLUMN country text`,
    ]) {
      await rebuild(1, 1);
      await world.query(change);
      await expect(rebuild(2, 2), change).rejects.toMatchObject({ type: 'InputChanged' });
      await accept();
    }
  });

  it('is looked at once a batch, and what that reads counts', async () => {
    await rebuild(1, 7);
    const looks = await world.query<{ what: string; bytes: number }>(
      `SELECT what, bytes::float8 AS bytes FROM governance.backfill_spending WHERE what LIKE 'check reference%' ORDER BY at`,
    );
    expect(looks).toEqual(
      [1, 2, 3, 4, 5, 6, 7].map((batch) => ({ what: `check reference inputs before batch ${batch}`, bytes: 8192 })),
    );
  });
});
