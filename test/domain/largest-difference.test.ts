import { expect, it } from 'vitest';
import { largestDifference } from '../../src/domain/largest-difference.ts';

it.each([
  [['0'], '0'],
  [['0.00', '10', '9.5'], '10'],
  [['3.000000000000000001', '2'], '3.000000000000000001'],
  [['NaN', '3'], 'NaN'],
  [['0', 'NaN', '3'], 'NaN'],
  [['Infinity', 'NaN'], 'NaN'],
  [['3', 'Infinity', '4'], 'Infinity'],
])('the largest of %j is %s', (differences, largest) => {
  expect(largestDifference(differences)).toBe(largest);
});
