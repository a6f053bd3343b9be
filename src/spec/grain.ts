import type { PartitionGrain } from '../domain/dataset-contract.ts';
import { isoWeekday } from './iso-date.ts';

/** On which days a partition of each grain may begin. */
export const GRAIN_STARTS: Readonly<Record<PartitionGrain, string>> = {
  hour: 'any day',
  day: 'any day',
  week: 'a Monday',
  month: 'the first day of a month',
};

export function isGrainStart(day: string, grain: PartitionGrain): boolean {
  if (grain === 'month') return day.endsWith('-01');
  return grain !== 'week' || isoWeekday(day) === 1;
}
