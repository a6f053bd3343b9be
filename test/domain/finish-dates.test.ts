import { describe, expect, it } from 'vitest';
import type { WorkAhead } from '../../src/domain/finish-dates.ts';
import { finishDates } from '../../src/domain/finish-dates.ts';

const HOUR = 3_600_000;
const WORK: WorkAhead = {
  startIso: '2026-03-02T10:00:00.000Z',
  runtimeMs: { low: 2 * HOUR, high: 5 * HOUR },
  bytes: 100,
  dailyBytesBudget: null,
  pauseWindows: [],
};
const finish = (change: Partial<WorkAhead>) => finishDates({ ...WORK, ...change });

describe('the date on which the work is done', () => {
  it('is the runtime after the start where nothing stands in between', () => {
    expect(finish({})).toEqual({ earliest: '2026-03-02T12:00:00.000Z', latest: '2026-03-02T15:00:00.000Z' });
    expect(finish({ runtimeMs: { low: 0, high: 0 } }).latest).toBe(WORK.startIso);
  });

  it('waits for a pause window to end, in the zone of the window and across midnight', () => {
    const office = { from: '11:30', to: '14:00', timeZone: 'UTC' };
    expect(finish({ pauseWindows: [office] })).toEqual({
      earliest: '2026-03-02T14:30:00.000Z',
      latest: '2026-03-02T17:30:00.000Z',
    });
    const berlin = { from: '11:30', to: '12:30', timeZone: 'Europe/Berlin' };
    expect(finish({ pauseWindows: [berlin] }).earliest).toBe('2026-03-02T13:00:00.000Z');
    const night = { from: '12:00', to: '06:15', timeZone: 'UTC' };
    expect(finish({ pauseWindows: [night] })).toEqual({
      earliest: '2026-03-02T12:00:00.000Z',
      latest: '2026-03-03T09:15:00.000Z',
    });
    expect(finish({ startIso: '2026-03-02T11:59:30.000Z', pauseWindows: [office, berlin] }).earliest).toBe(
      '2026-03-02T16:00:00.000Z',
    );
  });

  it('follows the clocks when they change: a window by local time is an hour earlier from then on', () => {
    const window = { from: '11:00', to: '23:00', timeZone: 'Europe/Berlin' };
    const start = '2026-03-28T23:00:00.000Z';
    // 2026-03-29: Berlin goes to summer time, 11:00 there is 09:00 UTC and no longer 10:00.
    expect(
      finish({ startIso: start, runtimeMs: { low: 11 * HOUR, high: 11 * HOUR }, pauseWindows: [window] }).latest,
    ).toBe('2026-03-29T22:00:00.000Z');
  });

  it('spends the bytes of a day and goes on after midnight UTC', () => {
    expect(finish({ dailyBytesBudget: 40, runtimeMs: { low: 5 * HOUR, high: 5 * HOUR } }).latest).toBe(
      // Two hours a day: 10:00 to 12:00, then 00:00 to 02:00, then the last hour.
      '2026-03-04T01:00:00.000Z',
    );
    expect(finish({ dailyBytesBudget: 1_000 }).latest).toBe('2026-03-02T15:00:00.000Z');
    const morning = { from: '00:00', to: '09:00', timeZone: 'UTC' };
    expect(finish({ dailyBytesBudget: 50, pauseWindows: [morning] })).toEqual({
      earliest: '2026-03-03T10:00:00.000Z',
      latest: '2026-03-03T11:30:00.000Z',
    });
  });

  it('is none when windows leave no minute, or the budget next to nothing', () => {
    const always = [
      { from: '00:00', to: '12:00', timeZone: 'UTC' },
      { from: '12:00', to: '00:00', timeZone: 'UTC' },
    ];
    expect(finish({ pauseWindows: always })).toEqual({ earliest: null, latest: null });
    expect(finish({ dailyBytesBudget: 0.01 }).earliest).toBeNull();
  });
});
