import { describe, expect, it } from 'vitest';
import type { MonitorExpectation } from '../../src/domain/dataset-contract.ts';
import { judgeReading } from '../../src/domain/judge-monitor.ts';
import type { Finding, MonitorStatus, PublishedVersion, Reading } from '../../src/domain/monitor.ts';
import type { MonitorMemory } from '../../src/domain/monitor-schedule.ts';
import { nextMeasurement, verdictAfter } from '../../src/domain/monitor-schedule.ts';
import { breachDecision, monitorsAreSeen, openMonitors } from '../../src/domain/monitors-watched.ts';
import type { Waiver } from '../../src/domain/waiver.ts';
import { NOW, PLAN, RELEASE, stateIn } from './states.ts';

const at = (minutes: number): string => new Date(Date.parse(NOW) + minutes * 60_000).toISOString();
const V1: PublishedVersion = { version: 1, total: '100.00', recordedAt: NOW, supersededAt: null };
const V2: readonly PublishedVersion[] = [
  { ...V1, supersededAt: at(90) },
  { version: 2, total: '101.50', recordedAt: at(90), supersededAt: null },
];

interface Given {
  readonly now?: string;
  readonly versions?: readonly PublishedVersion[];
  readonly baseline?: Reading | null;
  readonly afterMs?: number;
}

function judge(expect: MonitorExpectation, reading: Reading, given: Given = {}): Finding {
  const { now = at(95), versions = [V1], baseline = null, afterMs = 0 } = given;
  return judgeReading({ expect, measure: 'revenue', afterMs }, reading, { now, publishedAt: NOW, baseline, versions });
}

function value(text: string, measuredAt: string | null = null, exact = true): Reading {
  return { kind: 'value', value: text, measuredAt, exact };
}

const EQUALS: MonitorExpectation = { kind: 'equals_published' };
const WITHIN: MonitorExpectation = { kind: 'within', percent: 1, of: 'published' };
const OF_BASELINE: MonitorExpectation = { kind: 'within', percent: 5, of: 'baseline' };
const PSI: MonitorExpectation = { kind: 'psi_below', limit: 0.2 };
const CANARY: MonitorExpectation = { kind: 'canary', latencyTimes: 3 };

describe('a value against the published total', () => {
  it('passes where it is the same amount, to the last digit', () => {
    expect(judge(EQUALS, value('100'))).toEqual({
      outcome: 'pass',
      figure: '100',
      limit: 'equal to 100.00',
      excess: 0,
    });
    expect(judge(EQUALS, value('100.01'))).toMatchObject({ outcome: 'fail', figure: '100.01' });
    expect(
      judge(EQUALS, value('123456789012345678.01'), { versions: [{ ...V1, total: '123456789012345678.02' }] }).outcome,
    ).toBe('fail');
  });

  it('lets floating point differ in its last digits', () => {
    expect(judge(EQUALS, value('100.00000000000003', null, false)).outcome).toBe('pass');
    expect(judge(EQUALS, value('100.00000000000003')).outcome).toBe('fail');
    expect(judge(EQUALS, value('100.001', null, false)).outcome).toBe('fail');
  });

  it('is given its percentage, both ends included', () => {
    expect(judge(WITHIN, value('99')).outcome).toBe('pass');
    expect(judge(WITHIN, value('98.9'))).toEqual({
      outcome: 'fail',
      figure: '-1.100%',
      limit: '±1% of the published total 100.00',
      excess: expect.closeTo(0.011, 6) as number,
    });
  });

  it('is inconclusive where there is no number, or none to compare with', () => {
    for (const text of ['NaN', '', 'Infinity']) expect(judge(EQUALS, value(text)).outcome, text).toBe('inconclusive');
    expect(judge(EQUALS, { kind: 'unknown', reason: 'no data: it yields no row' })).toMatchObject({
      outcome: 'inconclusive',
      figure: 'no data: it yields no row',
      excess: null,
    });
    expect(judge(EQUALS, value('100'), { versions: [{ ...V1, total: null }] }).outcome).toBe('inconclusive');
    expect(judge(EQUALS, value('100'), { versions: [] }).outcome).toBe('inconclusive');
  });

  it('of a consumer that was not refreshed since the publication tells nothing', () => {
    expect(judge(EQUALS, value('93', at(-1)))).toMatchObject({
      outcome: 'inconclusive',
      figure: expect.stringContaining('last refreshed') as string,
    });
  });

  it('is compared with the versions since it was measured: a late write after the refresh breaches nothing', () => {
    expect(judge(EQUALS, value('100', at(60)), { versions: V2 })).toMatchObject({
      outcome: 'pass',
      limit: 'equal to 100.00',
    });
    expect(judge(EQUALS, value('101.5', at(60)), { versions: V2 }).outcome).toBe('pass');
    expect(judge(EQUALS, value('101.5', at(91)), { versions: V2 }).outcome).toBe('pass');
    expect(judge(EQUALS, value('100', at(91)), { versions: V2 })).toMatchObject({
      outcome: 'fail',
      limit: 'equal to 101.50',
    });
  });

  it('without an instant is pending while its refresh after a live write is not due, and then nobody knows', () => {
    const refreshed = { versions: V2, afterMs: 3_600_000 };
    expect(judge(EQUALS, value('100'), { ...refreshed, now: at(100) }).outcome).toBe('pending');
    expect(judge(EQUALS, value('100'), { ...refreshed, now: at(151) }).outcome).toBe('inconclusive');
    expect(judge(EQUALS, value('100.5'), { ...refreshed, now: at(100) }).outcome).toBe('fail');
  });
});

describe('what is measured against the time before the publication', () => {
  it('is inconclusive without a baseline', () => {
    for (const [expectation, reading] of [
      [OF_BASELINE, value('1')],
      [PSI, { kind: 'histogram', shares: { a: 1 } }],
      [CANARY, { kind: 'latency', runs: 20, p95Ms: 3, errors: 0, firstError: null }],
    ] as const)
      expect(judge(expectation, reading).outcome, expectation.kind).toBe('inconclusive');
  });

  it('is a value within a percentage', () => {
    const baseline = value('200');
    expect(judge(OF_BASELINE, value('210'), { baseline }).outcome).toBe('pass');
    expect(judge(OF_BASELINE, value('210.1'), { baseline })).toMatchObject({ outcome: 'fail', figure: '+5.050%' });
  });

  it('is a distribution', () => {
    const baseline: Reading = { kind: 'histogram', shares: { low: 0.5, high: 0.5 } };
    expect(judge(PSI, { kind: 'histogram', shares: { low: 0.52, high: 0.48 } }, { baseline }).outcome).toBe('pass');
    expect(judge(PSI, { kind: 'histogram', shares: { low: 0.9, high: 0.1 } }, { baseline })).toMatchObject({
      outcome: 'fail',
      limit: 'psi < 0.2',
    });
    expect(judge(PSI, { kind: 'histogram', shares: { other: 1 } }, { baseline }).outcome).toBe('fail');
  });

  it('is a latency, and any error fails whatever the latency', () => {
    const latency = (p95Ms: number | null, errors = 0): Reading => ({
      kind: 'latency',
      runs: 20,
      p95Ms,
      errors,
      firstError: errors > 0 ? 'permission denied' : null,
    });
    const baseline = latency(10);
    expect(judge(CANARY, latency(30), { baseline }).outcome).toBe('pass');
    expect(judge(CANARY, latency(30.1), { baseline }).outcome).toBe('fail');
    expect(judge(CANARY, latency(4.9), { baseline: latency(0.1) }).outcome).toBe('pass');
    expect(judge(CANARY, latency(null, 1), { baseline })).toMatchObject({
      outcome: 'fail',
      figure: '1 of 20 runs fail: permission denied',
    });
  });
});

describe('the schedule', () => {
  const schedule = { everyMs: 300_000, afterMs: 7_200_000, failures: 2 };
  const last = (verdict: MonitorMemory['verdict']): MonitorMemory => ({ at: at(125), verdict, failed: 0 });

  it('begins after the consumer’s own refresh and goes on as often as the contract says', () => {
    expect(nextMeasurement(schedule, null, { publishedAt: NOW, askedAt: null })).toBe(at(120));
    expect(nextMeasurement(schedule, last('good'), { publishedAt: NOW, askedAt: at(1) })).toBe(at(130));
  });

  it('looks at once where a person asked since, but for what is good', () => {
    expect(nextMeasurement(schedule, last('breached'), { publishedAt: NOW, askedAt: at(126) })).toBe(at(126));
    expect(nextMeasurement(schedule, last('good'), { publishedAt: NOW, askedAt: at(126) })).toBe(at(130));
  });

  it('makes a breach of two failures in a row, and of one blip nothing', () => {
    const through = (...outcomes: Finding['outcome'][]): MonitorMemory['verdict'][] => {
      let memory: MonitorMemory | null = null;
      return outcomes.map((outcome) => (memory = verdictAfter(schedule, memory, { outcome }, NOW)).verdict);
    };
    expect(through('pass', 'fail', 'pass', 'fail')).toEqual(['good', 'suspect', 'good', 'suspect']);
    expect(through('fail', 'fail', 'fail', 'pass')).toEqual(['suspect', 'breached', 'breached', 'good']);
    expect(through('inconclusive', 'inconclusive', 'inconclusive')).toEqual([
      'inconclusive',
      'inconclusive',
      'inconclusive',
    ]);
    expect(through('fail', 'inconclusive', 'fail')).toEqual(['suspect', 'inconclusive', 'breached']);
    expect(through('pending', 'fail', 'pending')).toEqual(['pending', 'suspect', 'pending']);
  });
});

describe('what follows from monitors', () => {
  const monitor = (changes: Partial<MonitorStatus>): MonitorStatus => ({
    name: 'export',
    owner: 'finance-data',
    verdict: 'good',
    figure: '1',
    limit: 'equal to 2',
    excess: 0.5,
    at: at(1),
    next: at(6),
    onBreach: 'hold',
    ...changes,
  });
  const watching = (monitors: readonly MonitorStatus[], changes = {}) =>
    stateIn('observing', {
      since: NOW,
      release: RELEASE,
      monitors,
      plan: { ...PLAN, monitors: monitors.length, autoRollback: true },
      ...changes,
    });
  const waiver = (changes: Partial<Waiver>): Waiver => ({
    by: 'Dora',
    check: 'monitor:export',
    batch: null,
    figure: '1',
    limit: '2',
    reason: 'known',
    at: at(2),
    ...changes,
  });

  it('keeps open what is not good: pending, suspect, breached and inconclusive alike', () => {
    const verdicts = ['pending', 'good', 'suspect', 'breached', 'inconclusive'] as const;
    const open = openMonitors(watching(verdicts.map((verdict) => monitor({ name: verdict, verdict }))));
    expect(open.map(({ name }) => name)).toEqual(['pending', 'suspect', 'breached', 'inconclusive']);
    expect(monitorsAreSeen(watching([]))).toBe(true);
    expect(monitorsAreSeen({ ...watching([]), plan: { ...PLAN, monitors: 1 } })).toBe(false);
  });

  it('lets a waiver of this release cover what is no worse than what was shown', () => {
    const open = (status: Partial<MonitorStatus>, waived: Partial<Waiver>): number =>
      openMonitors(watching([monitor(status)], { waivers: [waiver(waived)] })).length;
    expect(open({ verdict: 'breached' }, { excess: 0.5 })).toBe(0);
    expect(open({ verdict: 'breached', excess: 0.6 }, { excess: 0.5 })).toBe(1);
    expect(open({ verdict: 'breached' }, { excess: 0.5, at: at(-1) })).toBe(1);
    expect(open({ verdict: 'breached' }, { excess: 0.5, check: 'monitor:other' })).toBe(1);
    expect(open({ verdict: 'inconclusive', excess: null }, { excess: null })).toBe(0);
    expect(open({ verdict: 'breached' }, { excess: null })).toBe(1);
    expect(open({ verdict: 'breached' }, {})).toBe(1);
  });

  it('rolls back before it holds, and only tells where the contract says so', () => {
    const breached = (name: string, onBreach: MonitorStatus['onBreach']) =>
      monitor({ name, verdict: 'breached', onBreach });
    expect(breachDecision(watching([breached('a', 'hold'), breached('b', 'rollback')]))).toMatchObject({
      kind: 'rollback',
      monitor: { name: 'b' },
    });
    expect(breachDecision(watching([breached('a', 'alert'), breached('b', 'hold')]))).toMatchObject({
      kind: 'hold',
      monitor: { name: 'b' },
    });
    expect(breachDecision(watching([breached('a', 'alert')]))).toBeNull();
    expect(breachDecision(watching([monitor({ verdict: 'suspect', onBreach: 'rollback' })]))).toBeNull();
    expect(breachDecision(watching([monitor({ verdict: 'inconclusive', onBreach: 'rollback' })]))).toBeNull();
  });

  it('holds where a rollback of its own is forbidden or was made twice today, and decides nothing twice', () => {
    const one = [monitor({ verdict: 'breached', onBreach: 'rollback' })];
    const forbidden = watching(one, { plan: { ...PLAN, monitors: 1, autoRollback: false } });
    expect(breachDecision(forbidden)).toMatchObject({
      kind: 'hold',
      reason: expect.stringContaining('auto_rollback') as string,
    });
    expect(breachDecision(watching(one, { monitorsFlutter: true }))).toMatchObject({
      kind: 'hold',
      reason: expect.stringContaining('twice') as string,
    });
    expect(breachDecision(watching(one, { since: at(2) }))).toBeNull();
  });
});
