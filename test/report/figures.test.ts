import { describe, expect, it } from 'vitest';
import { extentOf, linearScale, linePath, niceTicks, spread } from '../../src/report/chart-scale.ts';
import type { Point } from '../../src/report/chart-svg.ts';
import { changeChart, valueChart } from '../../src/report/chart-svg.ts';
import { reportCommands } from '../../src/report/commands.ts';
import { compare } from '../../src/report/comparison.ts';
import { subtractDecimals } from '../../src/domain/decimal.ts';
import { formatDecimal, formatDelta } from '../../src/report/decimal.ts';
import { counted, formatDuration, formatInstant, listed } from '../../src/report/words.ts';

describe('decimals', () => {
  it.each([
    ['10.50', '0.5', '10.00'],
    ['0', '0.001', '-0.001'],
    ['-1', '-1', '0'],
    ['99999999999999999999.99', '-0.01', '100000000000000000000.00'],
    ['-0.05', '0', '-0.05'],
  ])('%s − %s = %s, exactly', (a, b, difference) => expect(subtractDecimals(a, b)).toBe(difference));

  it('goes through floating point where there is no other way', () => {
    expect(subtractDecimals('1e21', '0')).toBe('1e+21');
    expect(subtractDecimals('NaN', '1')).toBe('NaN');
  });

  it.each([
    ['0', '0'],
    ['999', '999'],
    ['1000', '1,000'],
    ['-1234567.8901', '-1,234,567.8901'],
    ['+12', '12'],
    ['NaN', 'NaN'],
  ])('%s reads %s', (text, shown) => expect(formatDecimal(text)).toBe(shown));

  it('signs what is above zero', () =>
    expect(['1000.5', '0.00', '-3'].map(formatDelta)).toEqual(['+1,000.5', '0.00', '-3']));

  it('compares with nothing without inventing a percentage', () => {
    expect(compare('0', '5')).toEqual({ old: '0', new: '5', delta: '5', percent: null });
    expect(compare('-200', '-198')).toMatchObject({ delta: '2', percent: '1.000000' });
  });
});

describe('scales', () => {
  it('maps an extent, and a flat one to its middle', () => {
    expect([0, 5, 10].map(linearScale({ low: 0, high: 10 }, 100, 0))).toEqual([100, 50, 0]);
    expect(linearScale({ low: 3, high: 3 }, 0, 100)(3)).toBe(50);
  });

  it('holds every finite value and nothing else', () => {
    expect(extentOf([null, 2, Number.NaN, 4, Number.POSITIVE_INFINITY], 0.5)).toEqual({ low: 1, high: 5 });
    expect(extentOf([0, 0])).toEqual({ low: -1, high: 1 });
    expect(extentOf([null])).toBeNull();
    const flat = extentOf([100, 100]);
    expect(flat?.low).toBeLessThan(100);
    expect(flat?.high).toBeGreaterThan(100);
  });

  it.each([
    [{ low: 0, high: 10 }, [0, 2, 4, 6, 8, 10]],
    [{ low: -1.62, high: 0.09 }, [-1.5, -1, -0.5, 0]],
    [{ low: 15_300, high: 26_200 }, [20_000, 25_000]],
    [{ low: 1, high: 1 }, [1]],
  ])('has round ticks in %o', (extent, ticks) => expect(niceTicks(extent, 5)).toEqual(ticks));

  it('spreads keys evenly, however many points there are', () => {
    expect(spread(3, 7)).toEqual([0, 1, 2]);
    expect(spread(600, 7)).toHaveLength(7);
    expect(spread(0, 7)).toEqual([]);
  });

  it('breaks a line where a value is missing', () => {
    expect(linePath([{ x: 0, y: 1 }, { x: 1, y: 2.26 }, null, { x: 3, y: 4 }])).toBe('M0 1L1 2.3M3 4');
  });
});

describe('charts', () => {
  const point = (index: number, old: string, now: string): Point => ({
    start: `2025-01-0${index}`,
    end: `2025-01-0${index + 1}`,
    ...compare(old, now),
  });
  const points = [point(1, '100', '99'), point(2, '100', '97'), point(3, '0', '5'), point(4, '100', '99.1')];
  const band = { low: -1.5, high: -0.8 };

  it('marks what lies outside the expected range, and says how much', () => {
    const { html } = changeChart({ id: 'c', measure: 'revenue', points, band });
    expect([...html.matchAll(/<circle class="outside"/g)]).toHaveLength(1);
    expect([...html.matchAll(/<circle class="dot"/g)]).toHaveLength(2);
    expect(html).toContain('Expected: -1.5% to -0.8%; 1 of 4 points lie outside.');
  });

  it('leaves a gap where something came from nothing', () => {
    const { html } = changeChart({ id: 'c', measure: 'revenue', points, band });
    const path = /<path class="new" d="([^"]+)"/.exec(html)?.[1] ?? '';
    expect(path.match(/M/g)).toHaveLength(2);
  });

  it('draws the band below old where less is expected, for negative values too', () => {
    const bandOf = (list: Point[]): number[] => {
      const path =
        /class="band" d="([^"]+)"/.exec(
          valueChart({ id: 'v', measure: 'm', points: list, band: { low: -10, high: -5 } }).html,
        )?.[1] ?? '';
      return [...path.matchAll(/[ML][\d.]+ ([\d.]+)/g)].map(([, y]) => Number(y));
    };
    for (const [old, now] of [
      ['100', '90'],
      ['-100', '-110'],
    ] as const) {
      const [upper = 0, , , lower = 0] = bandOf([point(1, old, now), point(2, old, now)]);
      expect(upper).toBeLessThan(lower);
    }
  });

  it('is nothing where nothing is finite', () => {
    expect(valueChart({ id: 'v', measure: 'm', points: [point(1, 'NaN', 'NaN')], band: null }).html).toBe('');
    expect(valueChart({ id: 'v', measure: 'm', points: [], band: null }).html).toBe('');
  });
});

describe('words', () => {
  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1_000, '1.0 s'],
    [59_949, '59.9 s'],
    [60_000, '1 min'],
    [250_000, '4 min 10 s'],
    [3_600_000, '1 h'],
    [12_000_000, '3 h 20 min'],
    [7 * 86_400_000, '7 days'],
    [2.5 * 86_400_000, '2 days 12 h'],
  ])('%d ms reads %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

  it('counts, lists and tells the time', () => {
    expect([0, 1, 1204].map((count) => counted(count, 'row'))).toEqual(['no rows', '1 row', '1,204 rows']);
    expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(listed)).toEqual(['', 'a', 'a and b', 'a, b and c']);
    expect(formatInstant('2026-06-03T14:02:11.123Z')).toBe('2026-06-03 14:02:11 UTC');
  });
});

describe('commands', () => {
  it('quotes what a shell would take apart', () => {
    const { approveByTemporal } = reportCommands('a', "it's", 'd1');
    expect(approveByTemporal).toBe(
      `temporal workflow update execute --workflow-id 'it'\\''s' --name approve --input '{"by":"<you>","digest":"d1","comment":""}'`,
    );
  });

  it('offers no decision on evidence that does not exist', () => {
    expect(reportCommands('a', 'b', null)).toMatchObject({
      approve: null,
      approveByTemporal: null,
      reject: null,
      rejectByTemporal: null,
    });
  });
});
