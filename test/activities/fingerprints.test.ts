import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { publishRelease } from '../../src/ledger/releases.ts';
import { retireRelease } from '../../src/warehouse/postgres/statements/elevated.ts';
import { withTransaction } from '../../src/warehouse/session.ts';
import { PARTITIONED_SALES } from '../support/partitioned-sales.ts';
import { CONTRACT } from '../support/sales-scenario.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';
import { failureOf } from '../support/sqlstate.ts';
import { waitFor } from '../support/wait-for.ts';

const RUN = { backfillId: 'fix-tax' };
const LIMITS = { maxConcurrency: 1, dailyBytesBudget: null };

let world: SmallDataset;
let plan: BackfillPlan;
beforeEach(async () => {
  world = await createDataset({
    tables: PARTITIONED_SALES,
    contract: CONTRACT.replace('live_pipeline: {}', 'live_pipeline: { capture: fingerprints }'),
    capture: 'fingerprints',
  });
  await world.query(
    'GRANT USAGE ON SCHEMA staging TO revenue_pipeline; GRANT USAGE ON ALL SEQUENCES IN SCHEMA staging TO revenue_pipeline; GRANT TRUNCATE ON finance.sales_a TO revenue_pipeline',
  );
  plan = await world.plan();
  await world.preserve();
  await world.build();
});
afterEach(() => world.end());

const pipeline = (text: string) => world.as('revenue_pipeline', text);
/** Rows of a day as the fixed pipeline writes them, from its sources. */
const writeDay = (day: string) =>
  pipeline(
    `BEGIN; DELETE FROM finance.sales_by_day WHERE day = '${day}';
     INSERT INTO finance.sales_by_day (day, merchant, gross, net, tax)
     SELECT day, merchant, sum(gross), sum(gross - CASE WHEN merchant % 2 = 1 THEN tax ELSE 0 END), sum(tax) FROM staging.sales WHERE day = '${day}' GROUP BY 1, 2; COMMIT`,
  );
const sale = (day: string, merchant: number, tax: number) =>
  pipeline(`INSERT INTO staging.sales (day, merchant, gross, tax) VALUES ('${day}', ${merchant}, 5, ${tax})`);
async function lateSale(day: string, merchant = 2, tax = 0): Promise<void> {
  await sale(day, merchant, tax);
  await writeDay(day);
}
const watch = (published: boolean) => world.activities.watchLiveWrites({ ...RUN, published });
/** A look is taken every five seconds; this is the next one. */
const laterWatch = async (published: boolean) => {
  await world.query('UPDATE governance.base_comparisons SET looked_at = NULL');
  return watch(published);
};
const rebuilt = async () =>
  (
    await world.query<{ day: string }>(
      'SELECT partition_start AS day FROM governance.backfill_partitions WHERE builds > 1 ORDER BY 1',
    )
  ).map(({ day }) => day);
/** Days on which what consumers read is not what the sources say under the corrected rules. */
const WRONG = `SELECT DISTINCT coalesce(v.day, t.day)::text AS day FROM (SELECT * FROM finance.sales_current WHERE day < '2025-01-15') v
  FULL JOIN (SELECT day, merchant, sum(gross) AS gross, sum(gross - CASE WHEN merchant % 2 = 1 THEN tax ELSE 0 END) AS net, sum(tax) AS tax FROM staging.sales WHERE day < '2025-01-15' GROUP BY 1, 2) t
    USING (day, merchant) WHERE ROW(v.gross, v.net, v.tax) IS DISTINCT FROM ROW(t.gross, t.net, t.tax) ORDER BY 1`;
const triggers = () =>
  world.query(`SELECT FROM pg_trigger WHERE tgrelid::regclass::text LIKE '%sales%' AND NOT tgisinternal`);

describe('where no trigger may be created', () => {
  it('none is, no function could make one, and a run ends like any other', async () => {
    expect(await triggers()).toEqual([]);
    expect(
      await world.query(`SELECT FROM pg_proc WHERE proname ~ '(attach|detach|prove)_capture$|mark_dirty$'`),
    ).toEqual([]);
    await world.conclude();
    await world.approve();
    expect(await world.publish()).toBe('FIN-1');
    expect(await world.query(WRONG)).toEqual([]);
    await world.signOff();
    expect(await world.activities.consolidateClaim({ ...RUN, limits: LIMITS })).toMatchObject({ done: true });
    expect(await world.activities.retireOverlay(RUN)).toEqual({ retired: true });
    expect(await world.query(WRONG)).toEqual([]);
    expect(await world.activities.cleanUp({ ...RUN, keepSnapshot: false })).toMatchObject({
      dropped: expect.arrayContaining([expect.stringContaining('shadow')]) as string[],
    });
  });

  it('every kind of write is found, its days alone are built again, and readers see what the sources say', async () => {
    await lateSale('2025-01-06', 90);
    await pipeline(`UPDATE staging.sales SET tax = tax + 1 WHERE day = '2025-01-07' AND merchant = 1`);
    await pipeline(
      `UPDATE finance.sales_by_day SET (net, tax) = (net - 3, tax + 3) WHERE day = '2025-01-07' AND merchant = 1`,
    );
    await pipeline(`DELETE FROM staging.sales WHERE day = '2025-01-08' AND merchant = 2`);
    await pipeline(`DELETE FROM finance.sales_by_day WHERE day = '2025-01-08' AND merchant = 2`);
    await pipeline(
      `UPDATE staging.sales SET day = '2025-01-10', merchant = 92 WHERE day = '2025-01-09' AND merchant = 2`,
    );
    await pipeline(
      `UPDATE finance.sales_by_day SET day = '2025-01-10', merchant = 92 WHERE day = '2025-01-09' AND merchant = 2`,
    );
    await pipeline(
      `UPDATE finance.sales_by_day SET updated_at = '2031-01-01' WHERE day = '2025-01-11' AND merchant = 1`,
    );
    await pipeline(`DELETE FROM staging.sales WHERE day < '2025-01-06'`);
    await pipeline('TRUNCATE finance.sales_a');
    await world.conclude();
    expect(await rebuilt()).toEqual(
      Array.from({ length: 11 }, (_, day) => `2025-01-${String(day + 1).padStart(2, '0')}`),
    );
    await world.approve();
    await world.publish();
    expect(await world.query(WRONG)).toEqual([]);
  });
});

describe('a write that nobody looked for', () => {
  const publishNow = async () => {
    const armedView = await world.arm();
    return failureOf(
      world.session((session) =>
        session.one(publishRelease({ plan, fence: 1_000, expected: null, windowMs: 60_000, armedView })),
      ),
    );
  };

  it('keeps readers from being switched, under the fence', async () => {
    await world.conclude();
    await world.approve();
    await lateSale('2025-01-06');
    expect(await publishNow()).toMatchObject({
      code: '55006',
      message: 'partition 2025-01-06 of finance.sales_by_day was written since it was built',
    });
    expect(await world.publish()).toBe('FIN-1');
    expect(await world.query(WRONG)).toEqual([]);
    expect(await rebuilt()).toEqual(['2025-01-06']);
  });

  it('is not swallowed by the build that runs beside it', async () => {
    await world.conclude();
    await world.approve();
    await lateSale('2025-01-07', 2);
    // The insert has its snapshot of the sources, and does not see what is written now; no total of the sources tells it.
    await waitsAt('BEFORE INSERT ON finance.sales_by_day_v2', 'true');
    const outcome = await beside(
      () => world.publish(),
      async () => {
        await pipeline(`UPDATE staging.sales SET tax = tax + 1 WHERE day = '2025-01-07' AND merchant = 1`);
        await writeDay('2025-01-07');
      },
    );
    expect(outcome).toBe('FIN-1');
    expect(await world.query(WRONG)).toEqual([]);
  });

  it('after publication is found by the watch, a part of the base at a time, and says as of when', async () => {
    await world.conclude();
    await world.approve();
    await world.publish();
    await lateSale('2025-01-08');
    expect((await world.query<{ day: string }>(WRONG)).map(({ day }) => day)).toEqual(['2025-01-08']);
    const outcome = await laterWatch(true);
    expect(outcome).toMatchObject({ kind: 'rebuilt', liveWrites: { openMarks: 0 } });
    expect(outcome.kind === 'rebuilt' && outcome.liveWrites?.comparedAsOf).toBeTruthy();
    expect(await world.query(WRONG)).toEqual([]);
    await lateSale('2025-01-09');
    await expect(watch(true)).rejects.toMatchObject({ type: 'StillWaiting' });
    expect(await laterWatch(true)).toMatchObject({ kind: 'rebuilt' });
    expect(await world.query(WRONG)).toEqual([]);
  });

  it('while rows move into the base is neither overwritten nor lost', async () => {
    await world.conclude();
    await world.approve();
    await world.publish();
    await world.signOff();
    await lateSale('2025-01-02', 1, 1);
    await lateSale('2025-01-13', 3, 1);
    expect(await world.activities.consolidateClaim({ ...RUN, limits: LIMITS })).toMatchObject({
      done: true,
      stopped: null,
    });
    await lateSale('2025-01-03', 5, 1);
    const differing = () =>
      failureOf(world.session((session) => withTransaction(session, () => session.rows(retireRelease(plan)))));
    expect(await differing()).toMatchObject({
      code: '55006',
      message: 'not consolidated: partition 2025-01-03 of finance.sales_by_day was written since it was built',
    });
    expect(await world.activities.retireOverlay(RUN)).toEqual({ retired: false });
    expect(await world.activities.consolidateClaim({ ...RUN, limits: LIMITS })).toMatchObject({ done: true });
    // Three rows that the fixed pipeline wrote before theirs were moved, and one that it changed since: no part of the correction.
    expect(
      await world.query(
        `SELECT (figures ->> 'rowsLive')::int AS live FROM governance.backfill_batches WHERE batch = 1`,
      ),
    ).toEqual([{ live: 4 }]);
    expect(await world.activities.retireOverlay(RUN)).toEqual({ retired: true });
    expect(await world.query(WRONG)).toEqual([]);
  });

  describe('that puts back what the snapshot kept', () => {
    beforeEach(async () => {
      await lateSale('2025-01-04', 1, 4);
      await world.conclude();
      await world.approve();
      await world.publish();
      await world.signOff();
      await world.query(`GRANT SELECT ON finance.sales_before TO revenue_pipeline`);
    });
    /** The pipeline withdraws the sale, and its row is again what it was before: the guard of a move cannot tell. */
    const withdraw = () =>
      pipeline(
        `DELETE FROM staging.sales WHERE day = '2025-01-04' AND tax = 4;
         UPDATE finance.sales_by_day b SET (gross, net, tax) = (SELECT gross, net, tax FROM finance.sales_before k WHERE k.day = b.day AND k.merchant = b.merchant) WHERE day = '2025-01-04'`,
      );
    const consolidate = () => world.activities.consolidateClaim({ ...RUN, limits: LIMITS });

    it('before the move is not taken for a row to correct', async () => {
      await withdraw();
      expect(await consolidate()).toMatchObject({ done: true });
      expect(await world.activities.retireOverlay(RUN)).toEqual({ retired: true });
      expect(await world.query(WRONG)).toEqual([]);
    });

    it('beside the move is not either', async () => {
      await waitsAt(
        'BEFORE INSERT ON governance.live_rows',
        '(SELECT count(*) FROM governance.backfill_partitions WHERE moved_at IS NOT NULL) = 3',
      );
      expect(await beside(consolidate, withdraw)).toMatchObject({ done: true });
      expect(await world.activities.retireOverlay(RUN)).toEqual({ retired: false });
      expect(await consolidate()).toMatchObject({ done: true });
      expect(await world.activities.retireOverlay(RUN)).toEqual({ retired: true });
      expect(await world.query(WRONG)).toEqual([]);
    });
  });

  /** A statement of ours stands still there, where `when` holds, until `beside` lets it go on. */
  async function waitsAt(event: string, when: string): Promise<void> {
    await world.query(
      `CREATE FUNCTION public.stand_still() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN IF ${when} THEN PERFORM pg_advisory_xact_lock(4711); END IF; RETURN NULL; END $$;
       CREATE TRIGGER stand_still ${event} FOR EACH STATEMENT EXECUTE FUNCTION public.stand_still()`,
    );
  }

  async function beside<T>(ours: () => Promise<T>, theirs: () => Promise<unknown>): Promise<T> {
    const holder = await world.admin.connect();
    try {
      await holder.query('SELECT pg_advisory_lock(4711)');
      const working = ours();
      await waitFor(
        async () =>
          (await world.query(`SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted`))
            .length > 0,
        { timeoutMs: 20_000, describe: 'our statement to stand still' },
      );
      await theirs();
      await holder.query('SELECT pg_advisory_unlock(4711)');
      return await working;
    } finally {
      holder.release();
    }
  }
});

describe('comparing under the fence', () => {
  it('that takes longer than writers may stand still holds the run at once, and says what to change', async () => {
    await world.conclude();
    await world.approve();
    await world.query(
      `UPDATE governance.backfill_runs SET plan = jsonb_set(plan::jsonb, '{spec,publication,maxFenceMs}', '1')::json`,
    );
    await expect(world.publish()).rejects.toMatchObject({
      type: 'StatementRefused',
      message: expect.stringContaining('takes longer than publication.max_fence (0.001 s)') as string,
    });
    expect(await world.query('SELECT FROM governance.data_releases')).toEqual([]);
  });
});
