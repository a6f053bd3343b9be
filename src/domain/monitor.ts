import type { PlannedSql } from './planned-sql.ts';
import type { BreachAction, MonitorExpectation } from './dataset-contract.ts';

/** Where a monitor looks. SQL is run as the worker, a canary's as its consumer. */
export type MonitorSource =
  | ({ readonly kind: 'sql' } & PlannedSql)
  | {
      readonly kind: 'http';
      readonly url: string;
      readonly header: string | null;
      readonly path: string;
      /** Where the answer says as of when it is; null where it does not. */
      readonly measuredAt: string | null;
    }
  | ({ readonly kind: 'canary'; readonly role: string; readonly runs: number } & PlannedSql);

/** One check on a consumer, as the plan froze it. */
export interface PlannedMonitor {
  readonly name: string;
  readonly owner: string;
  readonly source: MonitorSource;
  readonly expect: MonitorExpectation;
  /** What it is compared with where it expects the published figure; null for the other kinds. */
  readonly measure: string | null;
  readonly everyMs: number;
  /** From the publication to the consumer's own refresh: until then it is pending. */
  readonly afterMs: number;
  /** Failing measurements in a row that make a breach. */
  readonly failures: number;
  readonly onBreach: BreachAction;
}

/** Total of a measure over the interval as readers of a release see it; each catch-up makes a new version. */
export interface PublishedVersion {
  readonly version: number;
  /** Null: not known since live writes were followed, because the measure does not add up over partitions. */
  readonly total: string | null;
  readonly recordedAt: string;
  /** When the next version took its place; null for the one in force. */
  readonly supersededAt: string | null;
}

/** What one look found, before it is judged. Shares are those of buckets, from 0 to 1. */
export type Reading =
  | {
      readonly kind: 'value';
      readonly value: string;
      readonly measuredAt: string | null;
      /** False for floating point, whose last digits depend on the order of adding. */
      readonly exact: boolean;
    }
  | { readonly kind: 'histogram'; readonly shares: Readonly<Record<string, number>> }
  | {
      readonly kind: 'latency';
      readonly runs: number;
      readonly p95Ms: number | null;
      readonly errors: number;
      readonly firstError: string | null;
    }
  | { readonly kind: 'unknown'; readonly reason: string };

export type Outcome = 'pass' | 'fail' | 'pending' | 'inconclusive';

/** A reading against what is expected. */
export interface Finding {
  readonly outcome: Outcome;
  readonly figure: string;
  readonly limit: string;
  /** How far beyond its limit, as a multiple or share of it: a waiver covers what is no further. 0 where nothing fails, null where nobody knows. */
  readonly excess: number | null;
}

export const MONITOR_VERDICTS = ['pending', 'good', 'suspect', 'breached', 'inconclusive'] as const;
/** `suspect`: it failed, and not yet as often in a row as makes a breach. */
export type MonitorVerdict = (typeof MONITOR_VERDICTS)[number];

/** Where a monitor stands, for people. Instants are ISO-8601. */
export interface MonitorStatus {
  readonly name: string;
  readonly owner: string;
  readonly verdict: MonitorVerdict;
  readonly figure: string;
  readonly limit: string;
  readonly excess: number | null;
  /** Of the newest measurement; null before the first. */
  readonly at: string | null;
  readonly next: string;
  readonly onBreach: BreachAction;
}

/** Whether something measured before the publication is needed to judge it. */
export function needsBaseline(expect: MonitorExpectation): boolean {
  switch (expect.kind) {
    case 'psi_below':
      return true;
    case 'within':
      return expect.of === 'baseline';
    case 'canary':
      return expect.latencyTimes !== null;
    case 'equals_published':
      return false;
  }
}

export function needsPublished(expect: MonitorExpectation): boolean {
  return expect.kind === 'equals_published' || (expect.kind === 'within' && expect.of === 'published');
}

/** In the words of the contract. */
export function describeExpectation(expect: MonitorExpectation): string {
  switch (expect.kind) {
    case 'equals_published':
      return 'equals_published';
    case 'within':
      return `within ${expect.percent}% of ${expect.of}`;
    case 'psi_below':
      return `psi < ${expect.limit}`;
    case 'canary':
      return expect.latencyTimes === null ? 'errors = 0' : `errors = 0, p95 within ${expect.latencyTimes}x`;
  }
}
