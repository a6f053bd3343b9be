import { readFile } from 'node:fs/promises';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PartitionGrain } from '../../src/domain/dataset-contract.ts';
import type { PartitionedPlan } from '../../src/ledger/partitions.ts';
import { keyRanges, partitionCounts, partitionsQuery } from '../../src/ledger/partitions.ts';
import { readDocuments } from '../../src/planning/read-documents.ts';
import type { Session } from '../../src/warehouse/session.ts';
import { createPool, SHORT, withSession } from '../../src/warehouse/session.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { createDatabase } from '../support/postgres.ts';
import { CONTRACTS } from '../support/world.ts';

let database: TestDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  database = await createDatabase();
  pool = createPool(database.url, 1);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const session = <T>(use: (one: Session) => Promise<T>): Promise<T> => withSession(pool, SHORT, use);

interface Row {
  readonly ordinal: number;
  readonly batch: number;
  readonly era: number;
  readonly start: string;
  readonly end: string;
}

interface Cut {
  readonly interval: readonly (readonly [start: string, end: string])[];
  readonly grain?: PartitionGrain;
  readonly keyType?: string;
  readonly timeZone?: string;
  readonly eras?: readonly string[];
  readonly perBatch?: number;
  readonly order?: 'oldest_first' | 'newest_first';
}

function planOf(cut: Cut): PartitionedPlan {
  return {
    keyType: cut.keyType ?? 'date',
    eras: (cut.eras ?? ['2000-01-01']).map((from) => ({ from, file: '', sha256: '', text: '' })),
    contract: { partition: { key: 'day', grain: cut.grain ?? 'day', timeZone: cut.timeZone ?? null } },
    spec: {
      interval: cut.interval.map(([start, end]) => ({ start, end })),
      execution: { partitionsPerBatch: cut.perBatch ?? 7, order: cut.order ?? 'oldest_first' },
    },
  } as unknown as PartitionedPlan;
}

const cutUp = (cut: Cut): Promise<Row[]> =>
  session((one) => {
    const query = partitionsQuery(planOf(cut));
    return one.rows<Row>({ ...query, text: `${query.text} ORDER BY ordinal` });
  });

const hours = (row: Row): number => (Date.parse(instant(row.end)) - Date.parse(instant(row.start))) / 3_600_000;
const instant = (text: string): string => text.replace(' ', 'T').replace(/\+00$/, 'Z');

/** Each partition begins where the one before it ends, except at gaps of the interval. */
function expectSeamless(rows: readonly Row[]): void {
  rows.slice(1).forEach((row, index) => expect(row.start).toBe(rows[index]?.end));
  expect(new Set(rows.map((row) => row.start)).size).toBe(rows.length);
}

describe('the example', () => {
  it('is cut into 547 days and 79 batches of one era each', async () => {
    const text = await readFile('examples/daily-revenue/backfill.yaml', 'utf8');
    const read = await readDocuments(
      { text, file: 'backfill.yaml' },
      [],
      { folder: CONTRACTS, allowDirty: true },
      new Date('2026-11-01'),
    );
    if (!read.ok) throw new Error(read.problems.join('\n'));
    const { spec, loaded } = read.documents;
    const eras = loaded.contract.transform.corrected.map((era) => ({
      from: era.from,
      file: era.sql,
      sha256: '',
      text: '',
    }));
    const plan = { keyType: 'date', eras, contract: loaded.contract, spec };
    expect(await session((one) => one.one(partitionCounts(plan)))).toEqual({
      partitions: 547,
      batches: 79,
      firstKey: '2024-12-01',
      endKey: '2026-06-01',
    });
    const rows = await session((one) => one.rows<Row>(partitionsQuery(plan)));
    const erasOfBatch = new Map(rows.map((row) => [row.batch, new Set<number>()]));
    for (const row of rows) erasOfBatch.get(row.batch)?.add(row.era);
    expect([...erasOfBatch.values()].filter((seen) => seen.size > 1)).toEqual([]);
    expect(rows.find((row) => row.start === '2025-07-01')).toMatchObject({ era: 2, ordinal: 213 });
    expect(rows.find((row) => row.start === '2025-06-30')).toMatchObject({ era: 1, ordinal: 212 });
  });
});

describe('partitions', () => {
  it('of a day are half-open dates', async () => {
    expect(await cutUp({ interval: [['2024-02-28', '2024-03-02']], perBatch: 2 })).toEqual([
      { ordinal: 1, batch: 1, era: 1, start: '2024-02-28', end: '2024-02-29', weekend: false },
      { ordinal: 2, batch: 1, era: 1, start: '2024-02-29', end: '2024-03-01', weekend: false },
      { ordinal: 3, batch: 2, era: 1, start: '2024-03-01', end: '2024-03-02', weekend: false },
    ]);
  });

  it('of a date key take a time zone of the contract without an error: it only says when a day is over', async () => {
    expect(await cutUp({ interval: [['2025-01-01', '2025-01-03']], timeZone: 'Europe/Berlin' })).toHaveLength(2);
  });

  it('of an hour are hours of a timestamp key', async () => {
    const rows = await cutUp({
      interval: [['2025-03-30', '2025-03-31']],
      grain: 'hour',
      keyType: 'timestamp without time zone',
    });
    expect(rows).toHaveLength(24);
    expect(rows[2]).toMatchObject({ start: '2025-03-30 02:00:00', end: '2025-03-30 03:00:00' });
    expectSeamless(rows);
  });

  it('of a week and of a month follow the calendar', async () => {
    const weeks = await cutUp({ interval: [['2024-12-30', '2025-01-20']], grain: 'week' });
    expect(weeks.map((row) => row.start)).toEqual(['2024-12-30', '2025-01-06', '2025-01-13']);
    const months = await cutUp({ interval: [['2024-01-01', '2024-05-01']], grain: 'month' });
    expect(months.map((row) => row.end)).toEqual(['2024-02-01', '2024-03-01', '2024-04-01', '2024-05-01']);
  });

  it.each([
    { what: 'a day of 23 hours', day: '2025-03-30', next: '2025-03-31', length: 23 },
    { what: 'a day of 25 hours', day: '2025-10-26', next: '2025-10-27', length: 25 },
  ])('of a zone have $what as one day or as $length hours', async ({ day, next, length }) => {
    const zone = { interval: [[day, next]], keyType: 'timestamp with time zone', timeZone: 'Europe/Berlin' } as const;
    const [whole, ...others] = await cutUp({ ...zone, grain: 'day' });
    expect(others).toEqual([]);
    expect(whole && hours(whole)).toBe(length);
    const rows = await cutUp({ ...zone, grain: 'hour' });
    expect(rows.map(hours)).toEqual(Array.from({ length }, () => 1));
    expectSeamless(rows);
    expect([rows[0]?.start, rows.at(-1)?.end]).toEqual([whole?.start, whole?.end]);
  });

  it('cover the interval of a zone whose clock moves by half an hour, to the minute', async () => {
    const zone = {
      interval: [['2025-04-06', '2025-04-07']],
      keyType: 'timestamp with time zone',
      timeZone: 'Australia/Lord_Howe',
    } as const;
    const rows = await cutUp({ ...zone, grain: 'hour' });
    expectSeamless(rows);
    expect(rows.reduce((sum, row) => sum + hours(row), 0)).toBe(24.5);
  });

  it('know their era by the clock of the zone, not by UTC', async () => {
    const rows = await cutUp({
      interval: [['2025-06-29', '2025-07-03']],
      keyType: 'timestamp with time zone',
      timeZone: 'Europe/Berlin',
      eras: ['2024-01-01', '2025-07-01'],
    });
    expect(rows.map((row) => [row.start, row.era, row.batch])).toEqual([
      ['2025-06-28 22:00:00+00', 1, 1],
      ['2025-06-29 22:00:00+00', 1, 1],
      ['2025-06-30 22:00:00+00', 2, 2],
      ['2025-07-01 22:00:00+00', 2, 2],
    ]);
  });

  it.each(['oldest_first', 'newest_first'] as const)(
    'in order %s share no batch across a gap or an era',
    async (order) => {
      const rows = await cutUp({
        interval: [
          ['2025-01-01', '2025-01-11'],
          ['2025-01-12', '2025-01-20'],
        ],
        eras: ['2024-01-01', '2025-01-15'],
        perBatch: 4,
        order,
      });
      const batches = new Map<number, string[]>();
      for (const row of rows) batches.set(row.batch, [...(batches.get(row.batch) ?? []), row.start]);
      expect(rows).toHaveLength(18);
      expect([...batches.keys()].sort((a, b) => a - b)).toEqual(
        order === 'oldest_first' ? [1, 2, 3, 4, 5, 6] : [1, 2, 3, 4, 5, 6],
      );
      for (const days of batches.values()) {
        expect(days.length).toBeLessThanOrEqual(4);
        const sides = new Set(
          days.map((day) => (day < '2025-01-11' ? 'before the gap' : day < '2025-01-15' ? 'first era' : 'second era')),
        );
        expect([...sides]).toHaveLength(1);
      }
      const starts = rows.map((row) => row.start);
      expect(starts).toEqual(order === 'oldest_first' ? [...starts].sort() : [...starts].sort().reverse());
    },
  );
});

describe('the ranges of the interval', () => {
  it('are literals of the type of the key, instants where the key is one', async () => {
    const interval = [['2025-01-01', '2025-07-01']] as const;
    const ranges = (keyType: string, timeZone?: string) =>
      session((one) =>
        one.rows(keyRanges(planOf({ interval, keyType, ...(timeZone === undefined ? {} : { timeZone }) }))),
      );
    expect(await ranges('date')).toEqual([{ start: '2025-01-01', end: '2025-07-01' }]);
    expect(await ranges('timestamp without time zone')).toEqual([
      { start: '2025-01-01 00:00:00', end: '2025-07-01 00:00:00' },
    ]);
    expect(await ranges('timestamp with time zone', 'America/New_York')).toEqual([
      { start: '2025-01-01 05:00:00+00', end: '2025-07-01 04:00:00+00' },
    ]);
  });
});
