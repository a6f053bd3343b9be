import type { MonitorExpectation } from './dataset-contract.ts';
import type { Finding, PlannedMonitor, PublishedVersion, Reading } from './monitor.ts';
import { populationStability } from './psi.ts';
import { relativeChange, sameAmount } from './amounts.ts';

/** What a reading is judged against. */
export interface Yardstick {
  readonly now: string;
  readonly publishedAt: string;
  readonly baseline: Reading | null;
  /** Of the monitor's measure, oldest first, as the reading's own snapshot saw them. */
  readonly versions: readonly PublishedVersion[];
}

/** A version is recorded last in its transaction: who began to read within this time before it may have seen the one before. */
const COMMIT_SLACK_MS = 10_000;
/** The scheduler alone makes three milliseconds of one: what is no slower than this is not called slow. */
const LATENCY_FLOOR_MS = 5;

/** Pure: the same reading against the same yardstick is the same finding. No data, an error, NaN: inconclusive, never a pass. */
export function judgeReading(
  monitor: Pick<PlannedMonitor, 'expect' | 'measure' | 'afterMs'>,
  reading: Reading,
  yardstick: Yardstick,
): Finding {
  const { expect } = monitor;
  if (reading.kind === 'unknown') return unknown(reading.reason, expect);
  switch (expect.kind) {
    case 'equals_published':
      return againstPublished(monitor, reading, yardstick, equalTo);
    case 'within':
      return expect.of === 'published'
        ? againstPublished(monitor, reading, yardstick, within(expect.percent, 'the published total'))
        : againstBaseline(expect.percent, reading, yardstick);
    case 'psi_below':
      return distribution(expect, reading, yardstick);
    case 'canary':
      return canary(expect, reading, yardstick);
  }
}

type Compare = (value: string, total: string, exact: boolean) => Omit<Finding, 'outcome'> & { readonly holds: boolean };

const equalTo: Compare = (value, total, exact) => {
  const holds = sameAmount(value, total, exact);
  const change = Math.abs(relativeChange(total, value) ?? Number.MAX_VALUE);
  return { holds, figure: value, limit: `equal to ${total}`, excess: holds ? 0 : change };
};

function within(percent: number, what: string): Compare {
  return (value, total, exact) => {
    const change = sameAmount(value, total, exact) ? 0 : relativeChange(total, value);
    const limit = `±${percent}% of ${what} ${total}`;
    if (change === null) return { holds: false, figure: `${value} from ${total}`, limit, excess: Number.MAX_VALUE };
    const holds = Math.abs(change) * 100 <= percent;
    const figure = `${change < 0 ? '' : '+'}${(change * 100).toFixed(3)}%`;
    return { holds, figure, limit, excess: holds ? 0 : Math.abs(change) };
  };
}

/**
 * Against the versions that were in force since the value was measured; without such an instant, against the one that its
 * snapshot sees. A value that is right for an earlier version is no breach: the consumer has not refreshed since a live
 * write, which is pending for as long as its refresh takes, and after that nobody knows.
 */
function againstPublished(
  monitor: Pick<PlannedMonitor, 'expect' | 'measure' | 'afterMs'>,
  reading: Exclude<Reading, { kind: 'unknown' }>,
  { now, publishedAt, versions }: Yardstick,
  compare: Compare,
): Finding {
  const what = `the published total of ${monitor.measure ?? 'the measure'}`;
  if (reading.kind !== 'value') return unknown('it yields no single value', monitor.expect);
  const { value, measuredAt, exact } = reading;
  const problem = notNumber(value);
  if (problem !== null) return unknown(problem, monitor.expect);
  if (measuredAt !== null && Date.parse(measuredAt) < Date.parse(publishedAt))
    return unknown(`no data since the publication: it was last refreshed at ${measuredAt}`, monitor.expect);
  const newest = versions.at(-1);
  if (newest?.total == null) return unknown(`${what} is not known at present`, monitor.expect);
  const seen = versions.filter((one) => one === newest || wasInForce(one, measuredAt));
  const held = seen.map((one) => compared(one, reading, compare)).findLast((one) => one?.holds === true);
  if (held != null) return { outcome: 'pass', figure: held.figure, limit: held.limit, excess: 0 };
  const earlier = versions.findLast((one) => compared(one, reading, compare)?.holds === true);
  const found = compare(value, newest.total, exact);
  if (earlier?.supersededAt == null || measuredAt !== null)
    return { outcome: 'fail', figure: found.figure, limit: found.limit, excess: found.excess };
  const isDue = Date.parse(now) > Date.parse(earlier.supersededAt) + monitor.afterMs;
  const figure = `${value}, the total before the live writes of ${earlier.supersededAt}`;
  return { outcome: isDue ? 'inconclusive' : 'pending', figure, limit: found.limit, excess: isDue ? null : 0 };
}

function wasInForce({ supersededAt }: PublishedVersion, measuredAt: string | null): boolean {
  if (measuredAt === null || supersededAt === null) return false;
  return Date.parse(supersededAt) + COMMIT_SLACK_MS >= Date.parse(measuredAt);
}

function compared(
  { total }: PublishedVersion,
  { value, exact }: Extract<Reading, { kind: 'value' }>,
  compare: Compare,
): ReturnType<Compare> | null {
  return total === null ? null : compare(value, total, exact);
}

function againstBaseline(
  percent: number,
  reading: Exclude<Reading, { kind: 'unknown' }>,
  { baseline }: Yardstick,
): Finding {
  const expect: MonitorExpectation = { kind: 'within', percent, of: 'baseline' };
  if (reading.kind !== 'value') return unknown('it yields no single value', expect);
  if (baseline?.kind !== 'value') return unknown('there is no baseline from before the publication', expect);
  const problem = notNumber(reading.value) ?? notNumber(baseline.value);
  if (problem !== null) return unknown(problem, expect);
  const { holds, ...found } = within(percent, 'the baseline')(reading.value, baseline.value, reading.exact);
  return { outcome: holds ? 'pass' : 'fail', ...found };
}

function distribution(
  expect: Extract<MonitorExpectation, { kind: 'psi_below' }>,
  reading: Exclude<Reading, { kind: 'unknown' }>,
  { baseline }: Yardstick,
): Finding {
  if (reading.kind !== 'histogram') return unknown('it yields no histogram', expect);
  if (baseline?.kind !== 'histogram') return unknown('there is no histogram from before the publication', expect);
  const psi = populationStability(baseline.shares, reading.shares);
  const holds = psi < expect.limit;
  const figure = psi.toFixed(4);
  return {
    outcome: holds ? 'pass' : 'fail',
    figure,
    limit: `psi < ${expect.limit}`,
    excess: holds ? 0 : psi / expect.limit,
  };
}

function canary(
  expect: Extract<MonitorExpectation, { kind: 'canary' }>,
  reading: Exclude<Reading, { kind: 'unknown' }>,
  { baseline }: Yardstick,
): Finding {
  if (reading.kind !== 'latency') return unknown('it yields no latencies', expect);
  const { errors, runs, p95Ms, firstError } = reading;
  const limit = expect.latencyTimes === null ? '0 errors' : `0 errors, p95 within ${expect.latencyTimes}x`;
  if (errors > 0)
    return {
      outcome: 'fail',
      figure: `${errors} of ${runs} runs fail: ${firstError ?? 'unknown'}`,
      limit,
      excess: 1_000 + errors,
    };
  if (expect.latencyTimes === null) return { outcome: 'pass', figure: `0 errors in ${runs} runs`, limit, excess: 0 };
  if (baseline?.kind !== 'latency' || baseline.p95Ms === null || p95Ms === null)
    return unknown('there is no latency from before the publication', expect);
  const allowed = Math.max(LATENCY_FLOOR_MS, baseline.p95Ms * expect.latencyTimes);
  const holds = p95Ms <= allowed;
  const figure = `0 errors in ${runs} runs, p95 ${p95Ms.toFixed(1)} ms (before ${baseline.p95Ms.toFixed(1)} ms)`;
  return { outcome: holds ? 'pass' : 'fail', figure, limit, excess: holds ? 0 : p95Ms / allowed };
}

function notNumber(value: string): string | null {
  return Number.isFinite(Number(value)) && value.trim() !== '' ? null : `no data: its value is ${value || 'empty'}`;
}

function unknown(reason: string, expect: MonitorExpectation): Finding {
  return { outcome: 'inconclusive', figure: reason, limit: limitOf(expect), excess: null };
}

function limitOf(expect: MonitorExpectation): string {
  switch (expect.kind) {
    case 'equals_published':
      return 'equal to the published total';
    case 'within':
      return `±${expect.percent}% of the ${expect.of === 'published' ? 'published total' : 'baseline'}`;
    case 'psi_below':
      return `psi < ${expect.limit}`;
    case 'canary':
      return expect.latencyTimes === null ? '0 errors' : `0 errors, p95 within ${expect.latencyTimes}x`;
  }
}
