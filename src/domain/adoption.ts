import type { DirectReader } from './table-shape.ts';

/** One change of an adoption, with what takes it back. */
export interface AdoptionStep {
  readonly title: string;
  /** Statements in order, each ended by its semicolon. */
  readonly run: readonly string[];
  /** What a proof runs in place of `run`, where that would take long and show nothing more. */
  readonly prove?: readonly string[];
  /** Undone in this order, after everything that came later was undone. */
  readonly undo: readonly string[];
}

/** A reader that no script moves safely. */
export interface ReaderByHand extends DirectReader {
  readonly reason: string;
  readonly remedy: string;
  /** What it is defined as today; null for a role. */
  readonly definition: string | null;
  /** An SQL expression that is true as long as it is as it was reviewed; null where nothing breaks meanwhile. */
  readonly unchanged: string | null;
}

/** Somebody who writes the base table, and what becomes of that. */
export interface BaseWriter {
  readonly kind: 'role' | 'function';
  readonly name: string;
  readonly privileges: readonly string[];
  readonly advice: string;
}

/** Whether the script was run for a try, in a transaction that was rolled back. */
export type AdoptionProof =
  | { readonly state: 'proved'; readonly detail: string }
  | { readonly state: 'not proved'; readonly detail: string }
  | { readonly state: 'failed'; readonly detail: string };

/** Everything that brings the readers of one table behind its published view. Names are as people write them. */
export interface AdoptionPlan {
  /** The base table as it is called now. */
  readonly dataset: string;
  /** The base table as it is called afterwards: another name only where the view keeps the old one. */
  readonly base: string;
  readonly view: string;
  readonly keepsName: boolean;
  readonly releaseId: string;
  readonly requestedBy: string;
  readonly steps: readonly AdoptionStep[];
  readonly byHand: readonly ReaderByHand[];
  /** Readers that stay past the view because somebody said so. */
  readonly left: readonly DirectReader[];
  readonly writers: readonly BaseWriter[];
  readonly notes: readonly string[];
  /** A piece of a dbt project's properties file. */
  readonly dbt: string;
  /** Lines of the dataset contract that change; empty where none does. */
  readonly contract: readonly string[];
}
