/** What was asked about before, and how far the evidence that is asked about now is from it. */
export interface PreviousEvidence {
  readonly digest: string;
  readonly asOf: string;
  /** Rebuilt since, because live writes touched them or a check was tried again. */
  readonly restatedPartitions: number;
  /** Of what readers would see of the interval, live writes included. Decimal text, exact. */
  readonly measures: Readonly<Record<string, MeasureDifference>>;
}

export interface MeasureDifference {
  readonly before: string;
  readonly after: string;
  readonly difference: string;
}

/** One line for the question as a whole, then one for each measure. */
export function describePrevious({ digest, asOf, restatedPartitions, measures }: PreviousEvidence): readonly string[] {
  return [
    `evidence ${digest.slice(0, 12)} of ${asOf} no longer stands; ${restatedPartitions} partition${restatedPartitions === 1 ? '' : 's'} restated since`,
    ...Object.entries(measures).map(([name, { before, after, difference }]) =>
      Number(difference) === 0
        ? `${name}: ${after}, as before`
        : `${name}: ${before} → ${after} (${Number(difference) > 0 ? '+' : ''}${difference})`,
    ),
  ];
}
