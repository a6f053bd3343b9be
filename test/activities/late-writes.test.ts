import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Report } from '../../src/report/report.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

let world: SmallDataset;
beforeEach(async () => {
  world = await createDataset();
  await world.plan();
  await world.preserve();
  await world.build();
});
afterEach(() => world.end());

const RUN = { backfillId: 'fix-tax' };
const late = (text: string) => world.as('revenue_pipeline', text);
const marks = () => world.query('SELECT key FROM governance.dirty_partitions');

/** A late sale, and the row of its day as the fixed pipeline writes it. */
async function lateSale(day: string, gross: number): Promise<void> {
  await late(`INSERT INTO staging.sales (day, merchant, gross, tax) VALUES ('${day}', 1, ${gross}, 2)`);
  await late(
    `UPDATE finance.sales_by_day b SET (gross, net, tax) = (SELECT sum(s.gross), sum(s.gross - s.tax), sum(s.tax) FROM staging.sales s WHERE s.day = b.day AND s.merchant = b.merchant) WHERE day = '${day}' AND merchant = 1`,
  );
}

const DIFFERENT = `SELECT count(*)::int AS rows FROM finance.sales_by_day_v2 v JOIN staging.sales s USING (day, merchant) GROUP BY v.day, v.merchant, v.gross HAVING sum(s.gross) <> v.gross`;

beforeEach(() =>
  world.query(
    'GRANT USAGE ON SCHEMA staging TO revenue_pipeline; GRANT USAGE ON ALL SEQUENCES IN SCHEMA staging TO revenue_pipeline',
  ),
);

describe('a late write', () => {
  it('is rebuilt from the sources before the evidence is written', async () => {
    await lateSale('2025-01-03', 100);
    expect(await world.query(DIFFERENT)).toHaveLength(1);
    await world.conclude();
    expect(await world.query(DIFFERENT)).toEqual([]);
    expect(await marks()).toEqual([]);
    expect(
      await world.query(`SELECT builds FROM governance.backfill_partitions WHERE partition_start = '2025-01-03'`),
    ).toEqual([{ builds: 2 }]);
  });

  it('that moves a row out of the interval does not keep the run from its evidence', async () => {
    await late(`UPDATE finance.sales_by_day SET day = '2025-03-01' WHERE day = '2025-01-03' AND merchant = 2`);
    await world.conclude();
    expect(await marks()).toEqual([]);
  });

  it('of a whole table, truncated, dirties every partition, and leaves nothing to compare with', async () => {
    await late('TRUNCATE finance.sales_by_day');
    await expect(world.conclude()).rejects.toThrow('batch 1 failed delta:net');
    expect(await world.query('SELECT min(builds) AS builds FROM governance.backfill_partitions')).toEqual([
      { builds: 2 },
    ]);
  });

  it('inside the envelope amends the approval, beyond it voids the approval, which is given anew on new evidence', async () => {
    const first = (await world.conclude()).evidence.digest;
    await world.approve();
    await lateSale('2025-01-03', 0);
    expect(await world.activities.watchLiveWrites({ ...RUN, published: false })).toMatchObject({ kind: 'rebuilt' });
    await lateSale('2025-01-04', 0);
    expect(await world.activities.watchLiveWrites({ ...RUN, published: false })).toMatchObject({
      kind: 'approvalVoid',
    });
    expect(await world.query('SELECT void_because FROM governance.backfill_approvals')).toEqual([
      { void_because: 'live writes restated 2 partitions since the evidence; the approval covers 1' },
    ]);
    await expect(world.publish()).rejects.toThrow('live writes restated 2 partitions');
    const second = (await world.conclude()).evidence.digest;
    expect(second).not.toBe(first);
    await world.approve();
    await lateSale('2025-01-05', 0);
    expect(await world.publish()).toBe('FIN-1');
    expect(
      await world.query(
        `SELECT amendments, amendment_list -> 0 -> 'partition' AS partition, amendment_list -> 0 -> 'moved' AS moved FROM governance.data_releases`,
      ),
    ).toEqual([{ amendments: 1, partition: '2025-01-05', moved: { net: '-2.00', gross: '0.00' } }]);
  });

  it('beyond the envelope is asked about again with the difference, in the evidence, the announcement and the report', async () => {
    const first = (await world.conclude()).evidence;
    expect(first.previous).toBeNull();
    await lateSale('2025-01-03', 0);
    await lateSale('2025-01-04', 0);
    await lateSale('2025-01-04', 0);
    expect(await world.activities.watchLiveWrites({ ...RUN, published: false })).toMatchObject({
      kind: 'approvalVoid',
    });
    const [now] = await world.query<{ net: string; gross: string }>(
      'SELECT sum(net)::text AS net, sum(gross)::text AS gross FROM finance.sales_by_day_v2',
    );
    const previous = {
      digest: first.digest,
      asOf: first.asOf,
      restatedPartitions: 2,
      measures: {
        net: { before: (Number(now?.net) + 6).toFixed(2), after: now?.net, difference: '-6.00' },
        gross: { before: now?.gross, after: now?.gross, difference: '0.00' },
      },
    };
    const { evidence } = await world.conclude();
    expect(evidence.previous).toEqual(previous);
    expect(
      await world.query(
        `SELECT body -> 'previous' AS previous FROM governance.announcements WHERE dedupe = '${evidence.digest}'`,
      ),
    ).toEqual([{ previous }]);
    const page = await readFile(evidence.reportPath ?? '', 'utf8');
    expect(page).toContain('What changed since it was asked before: 2 partitions restated');
    expect(page).toContain(first.digest);
    const data = JSON.parse(await readFile((evidence.reportPath ?? '').replace(/html$/, 'json'), 'utf8')) as Report;
    expect(data.evidence?.previous).toEqual(previous);
  });

  it('is compared with the evidence that people saw, not with what an attempt wrote whose reply was lost', async () => {
    const first = (await world.conclude()).evidence;
    expect((await world.conclude()).evidence.previous).toBeNull();
    await lateSale('2025-01-03', 0);
    const asked = (await world.conclude()).evidence;
    expect(asked.previous?.digest).not.toBe(first.digest);
    expect((await world.conclude()).evidence.previous).toEqual(asked.previous);
    await world.approve();
    expect((await world.conclude()).evidence.previous).toMatchObject({
      restatedPartitions: 0,
      measures: { net: { difference: '0.00' } },
    });
  });

  it('inside the envelope voids the approval when the run as a whole no longer passes', async () => {
    await world.conclude();
    await world.approve();
    await world.query(
      `UPDATE governance.backfill_batches SET figures = jsonb_set(figures, '{measures,net,new}', '"1.00"') WHERE batch = 2`,
    );
    await lateSale('2025-01-03', 0);
    expect(await world.activities.watchLiveWrites({ ...RUN, published: false })).toMatchObject({
      kind: 'approvalVoid',
      reason: expect.stringMatching(/^after live writes the run fails delta:net: -\d/) as string,
    });
  });
});

describe('capture that was taken off', () => {
  it('is installed again before people are asked, so that what they approve can be published', async () => {
    const [plan] = await world.query<{ prefix: string }>('SELECT function_prefix AS prefix FROM governance.datasets');
    await world.as('backfill_worker', `SELECT governance.${plan?.prefix ?? ''}_detach_capture('fix-tax')`);
    await lateSale('2025-01-03', 100);
    await world.conclude();
    expect(await world.query(DIFFERENT)).toEqual([]);
    await world.approve();
    expect(await world.publish()).toBe('FIN-1');
  });

  it('is installed again before the switch, and what was written meanwhile is found by comparing the base', async () => {
    await world.conclude();
    await world.approve();
    const [plan] = await world.query<{ prefix: string }>('SELECT function_prefix AS prefix FROM governance.datasets');
    await world.as('backfill_worker', `SELECT governance.${plan?.prefix ?? ''}_detach_capture('fix-tax')`);
    await lateSale('2025-01-03', 1);
    expect(await marks()).toEqual([]);
    expect(await world.publish()).toBe('FIN-1');
    expect(await world.query(DIFFERENT)).toEqual([]);
    expect(
      await world.query('SELECT partition_start AS day FROM governance.backfill_partitions WHERE builds > 1'),
    ).toEqual([{ day: '2025-01-03' }]);
  });
});

describe('capture that was taken off after the publication', () => {
  it('stays off, and what is written is found by comparing the base, and moves into it at the end', async () => {
    await world.conclude();
    await world.approve();
    await world.publish();
    const [plan] = await world.query<{ prefix: string }>('SELECT function_prefix AS prefix FROM governance.datasets');
    await world.as('backfill_worker', `SELECT governance.${plan?.prefix ?? ''}_detach_capture('fix-tax')`);
    await lateSale('2025-01-03', 100);
    expect(await world.activities.watchLiveWrites({ ...RUN, published: true })).toMatchObject({
      kind: 'rebuilt',
      liveWrites: { openMarks: 0, comparedAsOf: expect.any(String) as string },
    });
    expect(await world.query(DIFFERENT)).toEqual([]);
    expect(await world.query(`SELECT FROM pg_trigger WHERE tgname LIKE 'backfill%'`)).toEqual([]);
    await world.signOff();
    const limits = { maxConcurrency: 1, dailyBytesBudget: null };
    expect(await world.activities.consolidateClaim({ ...RUN, limits })).toMatchObject({ done: true, stopped: null });
    expect(await world.activities.retireOverlay(RUN)).toEqual({ retired: true });
  });
});

describe('rows that the base would refuse', () => {
  const WRONG = `ALTER TABLE finance.sales_by_day ADD CONSTRAINT wrong CHECK (net = gross OR day > '2025-01-14')`;
  let strict: SmallDataset;
  beforeEach(async () => {
    strict = await createDataset();
  });
  afterEach(() => strict.end());

  it('are refused while they are planned', async () => {
    await strict.query(WRONG);
    await expect(strict.plan()).rejects.toThrow(
      /the rehearsal stops at partition 2025-01-\d\d of finance\.sales_by_day: .* violates check constraint "wrong" \[23514\]/,
    );
  });

  it('are refused while they are built where the constraint came later, not when they are consolidated', async () => {
    await strict.plan();
    await strict.query(WRONG);
    await strict.preserve();
    await expect(strict.build()).rejects.toMatchObject({ type: 'DataRefused', nonRetryable: true });
  });
});
