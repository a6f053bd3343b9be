import { describe, expect, it } from 'vitest';
import { deltaBuckets, headlineMeasure } from '../../src/domain/delta-distribution.ts';
import { drillDowns } from '../../src/domain/drill-down.ts';

describe('the distribution of row deltas', () => {
  it('runs from the largest loss to the largest gain, empty buckets between included, and no further', () => {
    const buckets = deltaBuckets({
      '+0.1': { rows: '2', delta: '0.90' },
      '-<0.01': { rows: '1', delta: '-0.001' },
      'no number': { rows: '1', delta: 'NaN' },
    });
    expect(buckets.map(({ sign, low, high, rows }) => [sign, low, high, rows])).toEqual([
      [-1, null, '0.01', 1],
      [0, null, null, 0],
      [1, null, '0.01', 0],
      [1, '0.01', '0.1', 0],
      [1, '0.1', '1', 2],
      [null, null, null, 1],
    ]);
    expect(deltaBuckets({})).toEqual([]);
  });

  it('is of the first measure that is a sum', () => {
    expect(headlineMeasure({ mean: 'avg(net)', net: 'sum(net)' })).toBe('net');
    expect(headlineMeasure({ mean: 'avg(net)' })).toBeNull();
  });
});

describe('a drill-down', () => {
  const value = (name: string | null, rows: number, old: string, now: string) => ({
    value: name,
    rowsOld: rows,
    rowsNew: rows,
    measures: { net: { old, new: now } },
  });

  it('has what moves most first, with its share and lift; a gain and a loss do not cancel out', () => {
    const [found] = drillDowns(
      { shop: [value('a', 90, '10', '10.00'), value(null, 10, '5', '2'), value('b', 100, '1', '2')] },
      'net',
    );
    expect(found?.values).toEqual([
      { value: null, rows: 10, delta: '-3', shareOfRows: 0.05, shareOfDelta: 0.75, lift: 15 },
      { value: 'b', rows: 100, delta: '1', shareOfRows: 0.5, shareOfDelta: 0.25, lift: 0.5 },
      { value: 'a', rows: 90, delta: '0.00', shareOfRows: 0.45, shareOfDelta: 0, lift: 0 },
    ]);
    expect(found?.others).toBeNull();
  });

  it('lists twenty values and takes the others together, so that nothing is lost', () => {
    const many = Array.from({ length: 23 }, (_, place) => value(`v${place}`, 1, '0', `${place + 1}`));
    const [found] = drillDowns({ shop: many }, 'net');
    expect(found?.values).toHaveLength(20);
    expect(found?.values?.[0]?.value).toBe('v22');
    expect(found?.others).toMatchObject({ values: 3, rows: 3, delta: '6', shareOfDelta: 6 / 276 });
  });

  it('says nothing of shares where nothing moves or something is no number', () => {
    expect(drillDowns({ shop: [value('a', 1, '1', '1')] }, 'net')[0]?.values?.[0]).toMatchObject({
      shareOfDelta: null,
      lift: null,
    });
    expect(
      drillDowns({ shop: [value('a', 1, '1', '1'), value('b', 1, '1', 'NaN')] }, 'net')[0]?.values?.map((one) => [
        one.value,
        one.shareOfDelta,
      ]),
    ).toEqual([
      ['b', null],
      ['a', null],
    ]);
    expect(drillDowns({ shop: null }, 'net')).toEqual([
      { dimension: 'shop', measure: 'net', values: null, others: null },
    ]);
  });
});
