import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rehearsedOrdinals } from '../../src/domain/rehearsal.ts';
import type { GridPartition } from '../../src/ledger/chosen-partitions.ts';
import {
  closedAfterInterval,
  partitionsAt,
  proofPartitions,
  spreadPartitions,
} from '../../src/ledger/chosen-partitions.ts';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

let world: SmallDataset;
let plan: BackfillPlan;
beforeAll(async () => {
  world = await createDataset();
  plan = await world.plan();
});
afterAll(() => world.end());

const era = (from: string): BackfillPlan['eras'][number] => ({ from, file: '', sha256: '', text: '' });

describe('the partitions that are planned', () => {
  const spread = (stride: number, ...eras: string[]) =>
    world.session((one) =>
      one.rows<GridPartition & { isSpread: boolean }>(spreadPartitions({ ...plan, eras: eras.map(era) }, stride)),
    );

  it('are every third one, with their eras and batches', async () => {
    const rows = await spread(3, '2024-01-01', '2025-01-06');
    expect(rows.map((row) => [row.ordinal, row.era, row.batch, row.start])).toEqual([
      [3, 1, 1, '2025-01-03'],
      [6, 2, 2, '2025-01-06'],
      [9, 2, 2, '2025-01-09'],
      [12, 2, 2, '2025-01-12'],
    ]);
  });

  it('hold the first of an era that they would pass over', async () => {
    const rows = await spread(5, '2024-01-01', '2025-01-06', '2025-01-08');
    expect(rows.map((row) => [row.start, row.era, row.isSpread])).toEqual([
      ['2025-01-05', 1, true],
      ['2025-01-06', 2, false],
      ['2025-01-10', 3, true],
    ]);
  });
});

describe('the partitions that are rehearsed', () => {
  const planned = (eras: readonly number[]) =>
    eras.map((one, index) => ({ ordinal: index + 1, rows: 10, era: one, weekend: null }));

  it('are all of them where there are five, and five of many', () => {
    expect(rehearsedOrdinals(planned([1, 1, 1, 1, 1]))).toEqual([1, 2, 3, 4, 5]);
    expect(rehearsedOrdinals(planned(Array.from({ length: 21 }, () => 1)))).toEqual([3, 7, 11, 15, 19]);
  });

  it('hold weekdays and weekends', () => {
    const days = (weekends: readonly number[]) =>
      planned(Array.from({ length: 21 }, () => 1)).map((one) => ({ ...one, weekend: weekends.includes(one.ordinal) }));
    expect(rehearsedOrdinals(days([5, 6, 12, 13]))).toEqual([3, 7, 11, 12, 15, 19]);
    expect(rehearsedOrdinals(days([7, 8]))).toEqual([3, 7, 11, 15, 19]);
  });

  it('hold one of each era', () => {
    const eras = Array.from({ length: 21 }, (_, index) => (index < 2 ? 1 : index > 19 ? 3 : 2));
    expect(rehearsedOrdinals(planned(eras))).toEqual([2, 3, 7, 11, 15, 19, 21]);
  });
});

describe('the partition that is built twice', () => {
  it('is the median of the samples, with its neighbours', async () => {
    const run = { plannedRows: 1, scannedRows: 1, bytes: 1, durationMs: 1 };
    const samples = [
      { ...run, partition: '2025-01-02', rowsOut: 1 },
      { ...run, partition: '2025-01-09', rowsOut: 5 },
      { ...run, partition: '2025-01-13', rowsOut: 9 },
    ];
    expect(await world.session((one) => one.rows(proofPartitions(plan, samples)))).toEqual([
      { start: '2025-01-08', end: '2025-01-09', era: 1, chosen: false },
      { start: '2025-01-09', end: '2025-01-10', era: 1, chosen: true },
      { start: '2025-01-10', end: '2025-01-11', era: 1, chosen: false },
    ]);
  });
});

describe('the partitions after the interval', () => {
  const after = async (limit = 3): Promise<string[]> =>
    (await world.session((one) => one.rows<GridPartition>(closedAfterInterval(plan, limit)))).map((row) => row.start);
  const write = (day: string): Promise<unknown> =>
    world.query(
      `INSERT INTO finance.sales_by_day (day, merchant, gross, net, tax) VALUES (${day}, 99, 1, 1, 0) ON CONFLICT DO NOTHING`,
    );

  it('are the newest that hold rows and are over; today is not', async () => {
    expect(await after()).toEqual(['2025-01-15', '2025-01-16']);
    await write(`(now() AT TIME ZONE 'UTC')::date`);
    await write(`(now() AT TIME ZONE 'UTC')::date + 1`);
    expect(await after()).toEqual(['2025-01-15', '2025-01-16']);
    await write(`date '2025-02-01'`);
    await write(`date '2025-03-01'`);
    expect(await after()).toEqual(['2025-01-16', '2025-02-01', '2025-03-01']);
    expect(await after(1)).toEqual(['2025-03-01']);
  });

  it('are found by their start as literals of the key', async () => {
    const rows = await world.session((one) =>
      one.rows<GridPartition>(partitionsAt(plan, ['2025-01-14', '2025-01-03', '2030-01-01'])),
    );
    expect(rows.map((row) => row.start)).toEqual(['2025-01-03', '2025-01-14']);
  });
});
