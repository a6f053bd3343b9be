import { describe, expect, it } from 'vitest';
import type { Check } from '../../src/domain/verdict.ts';
import { firstFailure } from '../../src/domain/verdict.ts';
import { waive } from '../../src/domain/waiver.ts';

const check = (figure: string, limit: string, name = 'c'): Check => ({
  name,
  level: 'aggregate',
  verdict: 'fail',
  figure,
  limit,
});
const verdict = (waived: string, now: string, limit: string): string | undefined =>
  waive([check(now, limit)], [{ check: 'c', figure: waived }])[0]?.verdict;

describe('a waiver', () => {
  it.each([
    ['-2.100%', '-2.100%', '-1.5% to -0.8%', 'the finding that was shown'],
    ['-2.100%', '-1.900%', '-1.5% to -0.8%', 'a finding nearer to the range'],
    ['+0.500%', '-0.200%', '-1.5% to -0.8%', 'a finding nearer to the other end of the range'],
    ['+5', '+3', '±2', 'fewer rows too many'],
    ['7', '1', '0 nulls', 'fewer nulls'],
    ['+5 -5', '+5 -4', '±2', 'fewer rows lost, as many gained'],
    ['+5 -5', '+4', '±2', 'fewer rows gained, none lost'],
    ['+5 -5', '-5 ', '±2', 'as many rows lost, none gained'],
    ['every row is a live write', 'every row is a live write', 'none', 'the same words'],
  ])('of %s covers %s, allowed %s: %s', (waived, now, limit) => {
    expect(verdict(waived, now, limit)).toBe('waived');
  });

  it.each([
    ['-2.100%', '-2.101%', '-1.5% to -0.8%', 'a finding further away'],
    ['-2.100%', '-0.700%', '-1.5% to -0.8%', 'a finding beyond the other end'],
    ['+5', '-3', '±2', 'rows that are missing instead'],
    ['+5', '+6', '±2', 'more rows too many'],
    ['7', '8', '0 nulls', 'more nulls'],
    ['+5 -5', '+4 -6', '±2', 'fewer rows gained, more lost'],
    ['+5', '+5 -3', '±2', 'rows that are lost besides'],
    ['+5 -1', '+4 -3', '±2', 'rows lost beyond a limit that they kept'],
    ['7', 'no unique index, 0 duplicates', '0 duplicates', 'another finding, whose figure is inside'],
    ['-2.100%', 'from nothing', '-1.5% to -0.8%', 'what has no figure'],
    ['3 of 5', '4 of 5', 'every key of both sides', 'what has no limit in figures'],
  ])('of %s does not cover %s, allowed %s: %s', (waived, now, limit) => {
    expect(verdict(waived, now, limit)).toBe('fail');
  });

  it('covers one check, and the next that fails is still found', () => {
    const checks = [check('1', '0 duplicates', 'unique_key'), check('2', '0 rows outside', 'rows_outside')];
    const waived = waive(checks, [{ check: 'unique_key', figure: '1' }]);
    expect(waived.map(({ verdict: now }) => now)).toEqual(['waived', 'fail']);
    expect(firstFailure(waived)?.name).toBe('rows_outside');
  });

  it('covers no other check, and leaves what passes alone', () => {
    const passing: Check = { ...check('-1.0%', '-1.5% to -0.8%'), verdict: 'pass' };
    const other = check('-2.1%', '-1.5% to -0.8%', 'other');
    expect(waive([passing, other], [{ check: 'c', figure: '-2.1%' }])).toEqual([passing, other]);
  });
});
