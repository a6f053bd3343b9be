import { describe, expect, it } from 'vitest';
import type { GateReadings } from '../../src/domain/gate.ts';
import { decideGate } from '../../src/domain/gate.ts';
import { NOW } from './states.ts';

const CALM: GateReadings = {
  pipeline: { kind: 'idle' },
  bytesToday: 0,
  dailyBytesBudget: null,
  pauseWindows: [],
  nowIso: NOW,
};
const NIGHT = { from: '22:00', to: '06:00', timeZone: 'Europe/Berlin' };

describe('the gate', () => {
  it.each([
    ['nothing stands against it', {}],
    ['nobody asks for the live pipeline', { pipeline: { kind: 'notAsked' } }],
    ['the budget is not spent', { dailyBytesBudget: 100, bytesToday: 99 }],
    ['the window is over, to the minute', { pauseWindows: [{ from: '08:00', to: '10:00', timeZone: 'UTC' }] }],
    ['a window that crosses midnight is over', { pauseWindows: [NIGHT], nowIso: '2026-06-15T04:00:00Z' }],
  ] satisfies [string, Partial<GateReadings>][])('is open when %s', (_, readings) => {
    expect(decideGate({ ...CALM, ...readings })).toEqual({ open: true });
  });

  it('is closed while the live pipeline runs', () => {
    const pipeline = { kind: 'running', name: 'nightly', since: '09:58' } as const;
    expect(decideGate({ ...CALM, pipeline })).toMatchInlineSnapshot(`
      {
        "open": false,
        "reason": "the live pipeline nightly runs since 09:58; work goes on when it has finished",
      }
    `);
  });

  it('is closed when looking failed: unknown is never healthy', () => {
    const pipeline = { kind: 'unknown', error: 'relation "runs" does not exist' } as const;
    expect(decideGate({ ...CALM, pipeline })).toMatchInlineSnapshot(`
      {
        "open": false,
        "reason": "the probe of the live pipeline fails: relation "runs" does not exist; it is asked again",
      }
    `);
  });

  it.each([
    ['2026-06-15T10:00:00.000Z', '2026-06-16T00:00:00.000Z'],
    ['2026-12-31T23:59:59.999Z', '2027-01-01T00:00:00.000Z'],
    ['2028-02-28T00:00:00.000Z', '2028-02-29T00:00:00.000Z'],
  ])('is closed from %s to %s when the budget is spent', (nowIso, until) => {
    const decision = decideGate({ ...CALM, dailyBytesBudget: 5e11, bytesToday: 5e11, nowIso });
    expect(decision).toEqual({
      open: false,
      until,
      mayFinish: true,
      reason:
        'the daily bytes budget of 500.0 GB is spent (500.0 GB today); raise it with setLimits or wait for midnight UTC',
    });
  });

  it.each([
    [{ from: '08:00', to: '18:00', timeZone: 'UTC' }, NOW],
    [{ from: '10:00', to: '10:30', timeZone: 'UTC' }, NOW],
    [{ from: '12:00', to: '13:00', timeZone: 'Europe/Berlin' }, NOW],
    [NIGHT, '2026-06-15T20:30:00Z'],
    [NIGHT, '2026-06-15T03:59:00Z'],
  ])('is closed inside the window %j at %s', (window, nowIso) => {
    const decision = decideGate({ ...CALM, pauseWindows: [window], nowIso });
    expect(decision).toEqual({ open: false, reason: `pause window ${window.from}–${window.to} ${window.timeZone}` });
  });

  it('names the live pipeline before any other reason', () => {
    const pipeline = { kind: 'running', name: 'nightly', since: '09:58' } as const;
    const decision = decideGate({ ...CALM, pipeline, dailyBytesBudget: 1, bytesToday: 2 });
    expect(decision).toMatchObject({ open: false, reason: expect.stringContaining('nightly') as string });
  });
});
