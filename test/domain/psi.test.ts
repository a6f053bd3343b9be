import { describe, expect, it } from 'vitest';
import { sameAmount } from '../../src/domain/amounts.ts';
import { histogramProblem, populationStability } from '../../src/domain/psi.ts';

describe('the stability of a distribution', () => {
  it('is nothing for the same one, and that of the books otherwise', () => {
    expect(populationStability({ a: 0.2, b: 0.8 }, { a: 0.2, b: 0.8 })).toBe(0);
    expect(populationStability({ a: 0.5, b: 0.5 }, { a: 0.25, b: 0.75 })).toBeCloseTo(
      0.25 * Math.log(2) + 0.25 * Math.log(1.5),
      10,
    );
  });

  it('counts an empty bucket as a share of 0.0001, so that it is far away and not infinitely so', () => {
    expect(populationStability({ a: 1 }, { b: 1 })).toBeCloseTo(2 * 0.9999 * Math.log(10_000), 8);
  });

  it('needs shares that are some', () => {
    expect(histogramProblem([{ share: 0.5 }, { share: 0.496 }])).toBeNull();
    expect(histogramProblem([{ share: 0.5 }, { share: 0.4 }])).toBe('its shares add up to 0.9000 instead of 1');
    expect(histogramProblem([])).toContain('no data');
    for (const share of [null, Number.NaN, -0.1]) expect(histogramProblem([{ share: 1 }, { share }])).not.toBeNull();
  });
});

describe('amounts in text', () => {
  it('are the same whatever zeros are written', () => {
    for (const [a, b] of [
      ['10.50', '10.5'],
      ['-0.00', '0'],
      ['007', '7'],
      ['1.', '1'],
    ] as const)
      expect(sameAmount(a, b, true), `${a} ${b}`).toBe(true);
    for (const [a, b] of [
      ['10.5', '-10.5'],
      ['1', '10'],
      ['0.1', '0.01'],
    ] as const)
      expect(sameAmount(a, b, true), `${a} ${b}`).toBe(false);
  });
});
