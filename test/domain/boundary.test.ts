import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../bench/support/random.ts';
import type { SeriesPoint } from '../../src/domain/boundary.ts';
import { judgeBoundaries } from '../../src/domain/boundary.ts';
import { isAdditive } from '../../src/domain/additive.ts';

const TEST = { deviations: 6, leastPercent: 2, history: 12 };
const DAYS = 200;
const DAY_MS = 86_400_000;

const dayOf = (number: number): string => new Date(Date.UTC(2025, 0, 1) + number * DAY_MS).toISOString().slice(0, 10);

/** Two hundred days with weekends and noise, one day of the base on either side; the correction takes a per cent away. */
function series(
  change: (point: SeriesPoint, index: number) => Partial<SeriesPoint> = () => ({}),
  seed = 1,
): SeriesPoint[] {
  const random = seededRandom(seed);
  return Array.from({ length: DAYS + 2 }, (_, index): SeriesPoint => {
    const weekday = (index + 2) % 7;
    const right = 100_000 * (weekday >= 5 ? 1.3 : 0.9) * (1 + 0.04 * (random() - 0.5));
    const inside = index > 0 && index <= DAYS;
    const point = {
      start: dayOf(index),
      end: dayOf(index + 1),
      month: dayOf(index).slice(0, 7),
      season: String(weekday),
      inside,
      old: inside ? right / 0.99 : right,
      new: right,
    };
    return { ...point, ...change(point, index) };
  });
}

const judged = (points: readonly SeriesPoint[]) => judgeBoundaries('revenue', points, TEST, 'day');

describe('steps at boundaries', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('are none in a right correction (seed %i)', (seed) => {
    expect(judged(series(() => ({}), seed))).toMatchObject({
      verdict: 'pass',
      figure: expect.stringContaining('none stands out') as string,
    });
  });

  it('are none either where old and new have the same one: the end of a season is genuine', () => {
    const halved = series((one) => (one.start < '2025-05-01' ? {} : { old: one.old / 2, new: one.new / 2 }));
    expect(judged(halved)).toMatchObject({ verdict: 'pass' });
  });

  it.each<[string, string, (one: SeriesPoint) => Partial<SeriesPoint>]>([
    [
      'the first of a month is missing',
      '2025-04-01',
      ({ start, new: value }) => (start === '2025-04-01' ? { new: value * 0.5 } : {}),
    ],
    [
      'the last of a month is missing',
      '2025-05-01',
      ({ start, new: value }) => (start === '2025-04-30' ? { new: value * 0.5 } : {}),
    ],
    [
      'from a month on the effect is another',
      '2025-05-01',
      ({ start, inside, new: value }) => (inside && start >= '2025-05-01' ? { new: value * 0.9 } : {}),
    ],
    [
      'the first day of the interval falls out of line',
      '2025-01-02',
      ({ start, new: value }) => (start === '2025-01-02' ? { new: value * 1.6 } : {}),
    ],
    [
      'the interval ends above what follows',
      '2025-07-21',
      ({ start, inside, new: value }) => (inside && start > '2025-07-10' ? { new: value * 1.5 } : {}),
    ],
  ])('are named where %s', (_, at, change) => {
    const check = judged(series(change));
    expect(check.verdict).toBe('fail');
    expect(check.figure).toContain(`${at} (`);
  });

  it('cannot be told where there is too little history, or nothing to look at', () => {
    expect(judged(series().slice(0, 40))).toMatchObject({
      verdict: 'inconclusive',
      figure: 'too little history: fewer than 12 steps of the same kind',
    });
    expect(judged(series().slice(1, 20))).toMatchObject({
      verdict: 'inconclusive',
      figure: 'no month ends in the interval, and nothing lies beside it',
    });
  });

  it('are not looked for across a gap of the interval', () => {
    const gap = series(({ start, new: value }) => (start === '2025-04-01' ? { new: value * 0.5 } : {}));
    const without = gap.filter(({ start }) => start !== '2025-03-31');
    expect(judged(without).figure).not.toContain('2025-04-01');
  });
});

describe('a measure whose change can be attributed', () => {
  it.each([
    'sum(net)',
    ' SUM( net * (1 - rate) ) ',
    'count(*)',
    "count(*) filter (where kind = 'a (b')",
    'sum(a) - sum(b)',
    'coalesce(sum(net), 0)',
    '(sum(a) + count(b))::numeric',
  ])('is %s', (expression) => expect(isAdditive(expression)).toBe(true));

  it.each([
    'avg(net)',
    'count(distinct merchant)',
    'sum(distinct a)',
    'sum(a) / count(*)',
    'max(a)',
    'sum(a) * 2',
    'round(sum(a), 0)',
    'coalesce(sum(a), 1)',
    'sum(a) + 1',
  ])('is not %s', (expression) => expect(isAdditive(expression)).toBe(false));
});
