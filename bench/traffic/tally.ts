import type { Verdict } from './expected.ts';

/** What readers and writers met, added up while they run. */
export interface Tally {
  reads: number;
  /** By kind of read, how many showed each side: a kind that met one side only proves nothing about a switch. */
  readonly sides: Map<string, { old: number; corrected: number }>;
  /** Days whose every row was compared with the truth. */
  judged: number;
  /** Reads that showed neither the old nor the corrected history of what they covered. */
  mixed: number;
  /** Reads in which a row was missing, twice there, or not the one of the truth, although no mark was open. */
  wrong: number;
  /** Reads of a release that lacks a write from before its switch. */
  overtaken: number;
  writes: number;
  readonly writesByKind: Map<string, number>;
  readonly readerErrors: string[];
  readonly writerErrors: string[];
  /** The first few failed verdicts, for whoever reads the failure. */
  readonly samples: string[];
}

const SAMPLES = 5;

export function newTally(): Tally {
  return {
    reads: 0,
    sides: new Map(),
    judged: 0,
    mixed: 0,
    wrong: 0,
    overtaken: 0,
    writes: 0,
    writesByKind: new Map(),
    readerErrors: [],
    writerErrors: [],
    samples: [],
  };
}

export function count(tally: Tally, kind: string, verdict: Omit<Verdict, 'witness'>): void {
  tally.reads += 1;
  tally.judged += verdict.judged;
  if (verdict.mixed > 0) tally.mixed += 1;
  if (verdict.wrong > 0) tally.wrong += 1;
  if (verdict.overtaken > 0) tally.overtaken += 1;
  const sides = tally.sides.get(kind) ?? { old: 0, corrected: 0 };
  sides[verdict.corrected ? 'corrected' : 'old'] += 1;
  tally.sides.set(kind, sides);
  const failed = verdict.mixed + verdict.wrong + verdict.overtaken > 0;
  if (failed && tally.samples.length < SAMPLES) tally.samples.push(`${kind}: ${JSON.stringify(verdict).slice(0, 600)}`);
}
