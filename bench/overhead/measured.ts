import type { SectionTimes } from './sections.ts';

/** One way of doing the rebuilds, once. All times in milliseconds. */
export interface Measured {
  /** From the first statement of the first batch to the end of the last one. */
  readonly milliseconds: number;
  /** Time of statements on the server, of all connections together. */
  readonly sections: SectionTimes;
  /** Connections that had nothing left to do while others still worked, added up. */
  readonly idleMs: number;
  /** Processor time of everything that took part: servers, worker or loop. Null where the system does not tell. */
  readonly cpuMs: number | null;
  /** Fingerprint of all rows that were built: `rows:hash`. */
  readonly built: string;
}

export interface ProductMeasured extends Measured {
  /** From the end of one claim to the beginning of the next on the same lane: through Temporal and back, added up. */
  readonly handOverMs: number;
  readonly claims: number;
  /** Null where the system does not tell. */
  readonly rssQuarterBytes: number | null;
  readonly rssEndBytes: number | null;
  /** Processor time of the two processes that a bare loop does not have. */
  readonly workerCpuMs: number | null;
  readonly temporalCpuMs: number | null;
}

/** One round: the same rebuilds three times, one after the other. */
export interface Round {
  readonly product: ProductMeasured;
  readonly bare: Measured;
  readonly checked: Measured;
}
