/** From the first claim to the last batch verdict, by the ledger's own instants. */
export interface Pace {
  readonly batches: number;
  readonly milliseconds: number;
  /** Milliseconds a batch, over the first and the last tenth of the batches in the order in which they were checked. */
  readonly firstTenth: number;
  readonly lastTenth: number;
}

/** One backfill over so many partitions. */
export interface ScaleRun extends Pace {
  readonly partitions: number;
  /** Events in the history of each run that the workflow continued as. */
  readonly runs: readonly number[];
  /** The most memory that its worker had resident until the last batch was checked, and until the end; null where the system does not tell. */
  readonly peakBuildingBytes: number | null;
  readonly peakRssBytes: number | null;
}
