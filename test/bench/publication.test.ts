import { describe, expect, it } from 'vitest';
import { datesOf } from '../../bench/publication/dates.ts';
import { countMixed } from '../../bench/publication/expected-answers.ts';
import type { PublicationFigures } from '../../bench/publication/figures.ts';
import { figuresOf } from '../../bench/publication/figures.ts';
import type { Measured } from '../../bench/publication/measured.ts';
import { timesOverlapping, windowsWithin } from '../../bench/publication/overlapping.ts';
import { READ_NAMES, readerTurns, readsOf } from '../../bench/publication/reads.ts';
import { renderFigures } from '../../bench/publication/render.ts';
import { CONDITIONS } from '../../bench/publication/switch-rounds.ts';
import { judgeTargets } from '../../bench/publication/targets.ts';
import { MODES, SHAPES } from '../../bench/publication/view-reads.ts';
import { percentile } from '../../bench/support/percentile.ts';

describe('the days that are measured', () => {
  it('end where the interval ends, whatever its length, and a month lies across that edge', () => {
    expect(datesOf(547)).toMatchObject({ first: '2024-12-01', last: '2026-05-31', after: '2026-06-01', lateDays: 3 });
    expect(datesOf(70)).toMatchObject({ first: '2026-03-23', late: '2026-03-24', lateDays: 1, today: '2026-07-01' });
    expect(datesOf(547).edge).toEqual(['2026-05-17', '2026-06-16']);
  });

  it('are not written where readers look while they are switched', () => {
    const { late, lateDays, today, day, edge } = datesOf(70);
    const written = [late, today].map((one) => Date.parse(one));
    for (const one of written)
      for (const [from, to] of [[day, day], edge]) {
        const end = one + lateDays * 86_400_000;
        expect(end <= Date.parse(from) || one > Date.parse(to)).toBe(true);
      }
    const turns = readerTurns(readsOf('v', datesOf(70))).map(({ name }) => name);
    expect(turns).toEqual(['point', 'day', 'point', 'edge', 'day']);
  });
});

describe('a percentile', () => {
  it('is a value that was measured', () => {
    expect(percentile([5, 1, 4, 2, 3], 0.5)).toBe(3);
    expect(
      percentile(
        Array.from({ length: 100 }, (_, at) => at + 1),
        0.99,
      ),
    ).toBe(99);
    expect(percentile([7], 0.99)).toBe(7);
    expect(() => percentile([], 0.5)).toThrow('nothing was measured');
  });
});

describe('those who meet a switch', () => {
  const done = [{ from: Float64Array.of(0, 10, 20, 30), to: Float64Array.of(5, 18, 29, 31) }];

  it('overlap it, from either side or all of it', () => {
    expect(timesOverlapping(done, [{ from: 17, to: 21 }])).toEqual([8, 9]);
    expect(timesOverlapping(done, [{ from: 5, to: 10 }])).toEqual([]);
    expect(
      timesOverlapping(done, [
        { from: 0, to: 40 },
        { from: 0, to: 1 },
      ]),
    ).toHaveLength(4);
  });

  it('are compared with who meets a moment of the same length in the control', () => {
    const moved = windowsWithin(
      { from: 1_000, to: 1_100 },
      [
        { from: 10, to: 14 },
        { from: 205, to: 215 },
      ],
      0,
    );
    expect(moved).toEqual([
      { from: 1_010, to: 1_014 },
      { from: 1_025, to: 1_035 },
    ]);
  });
});

describe('a mixed read', () => {
  const expected = new Map([['edge', { before: '10|1', after: '9|1' }]]);
  const reader = (answer: string, times: number): Parameters<typeof countMixed>[1][number] => ({
    answers: [{ name: 'edge', answer, times }],
  });

  it('is neither the old answer nor the new one', () => {
    expect(countMixed(expected, [reader('10|1', 5), reader('9|1', 5)], ['9|1'])).toBe(0);
    expect(countMixed(expected, [reader('9.5|1', 3), reader('9|1', 5)], ['10|2'])).toBe(4);
    expect(countMixed(new Map(), [reader('9|1', 1)], [])).toBe(1);
  });
});

describe('the figures', () => {
  const figures = figuresOf(measured());

  it('have the names that other programs lean on', () => {
    expect(figures).toMatchObject({
      mixedReads: 0,
      lostRows: 0,
      readerErrors: 0,
      publishP99Ms: 20,
      rollbackP99Ms: 4,
      writerP99Ratio: 1.1,
      viewReadRatio: { point: 1.5, day: 1.5, month: 1.5, full: 1.5 },
    });
    expect(figures.readerStallMs).toBeCloseTo(6, 6);
    expect(figures.controlStallMs).toBeCloseTo(2, 6);
  });

  it('count behind what a change of shape does, granted or not', () => {
    expect(figures.switches[0]?.arming).toMatchObject({ attempts: 1, refused: 1 });
    expect(figures.armingStallMs).toBeCloseTo(60, 6);
  });

  it('say of each target whether it is held', () => {
    const held = (of: PublicationFigures): Record<string, boolean> =>
      Object.fromEntries(judgeTargets(of).map((one) => [one.what, one.held]));
    expect(held(figures)).toMatchObject({
      'reads that meet a switch, p99 more than control': true,
      'reads that meet a change of shape, p99': false,
      'writes of today, p99': true,
      'settled: any read, prepared': false,
    });
    expect(held({ ...figures, rollbackP99Ms: 251 })).toMatchObject({
      'rollback statement on an armed view, p99': false,
    });
  });

  it('read as tables', () => {
    const page = renderFigures(figures);
    expect(page).toContain('0 mixed reads and 0 errors in 6 reads; 0 lost rows and 0 errors in 2 rows written.');
    expect(page).toMatch(/\| publishing call, no long query +\| +1 \| 20\.0 \| 20\.0 \| +20\.0 \|/);
    expect(page).toMatch(/\| a row of today +\| 2\.2 \| +2\.0 \| 1\.10 \(1\.10–1\.10\)/);
    expect(page).toContain('1.50 (1.50–1.50) +1.00 ∥');
  });
});

/** Control from 0 to 100, switches from 100 to 200, a publication from 200 to 400; the same in both conditions. */
function measured(): Measured {
  const none = { p99Ms: 0, maxMs: 0 };
  const row = { day: '2026-07-01', merchant: 1, net: '1.00' };
  const writer = { from: Float64Array.of(10, 45, 110, 145), to: Float64Array.of(11, 46, 112, 147), log: [row] };
  return {
    days: 547,
    rowsPerDay: 500,
    rounds: CONDITIONS.map((condition) => ({
      condition,
      control: { from: 0, to: 100 },
      switching: { from: 100, to: 200 },
      publication: { from: 200, to: 400 },
      publishActivityMs: 150,
      rollbackActivityMs: 10,
      longAnswers: [],
    })),
    heard: [
      { what: 'publish', from: 105, to: 125, done: true },
      { what: 'rollback', from: 145, to: 149, done: true },
      { what: 'shape', from: 210, to: 310, done: false },
    ],
    traffic: {
      readers: [
        {
          from: Float64Array.of(8, 44, 108, 145, 250, 350),
          to: Float64Array.of(10, 46, 114, 147, 310, 351),
          answers: [],
          errors: [],
          loopDelay: none,
        },
      ],
      today: { ...writer, errors: [], loopDelay: none },
      late: { ...writer, errors: [], loopDelay: none },
    },
    mixedReads: 0,
    lostRows: 0,
    views: SHAPES.flatMap((shape) =>
      READ_NAMES.flatMap((read) =>
        MODES.map((mode) => ({
          ...{ shape, read, mode, parallel: shape === 'settled' },
          view: Float64Array.of(3),
          table: Float64Array.of(2),
        })),
      ),
    ),
    writes: (['today', 'late', 'bulk'] as const).map((write) => ({
      write,
      captured: Float64Array.of(2.2),
      uncaptured: Float64Array.of(2),
    })),
    compareDelay: [none],
  };
}
