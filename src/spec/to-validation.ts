import type { BackfillSpec, PercentRange } from '../domain/backfill-spec.ts';
import type { SpecDocument } from './spec-schema.ts';

type Validation = BackfillSpec['validation'];
type Deltas = Readonly<
  Record<string, Validation['deltaExpected'][string] & { readonly by?: Record<string, PercentRange> }>
>;

const SUFFIX = '_delta_expected';

/** What is expected of the result, as the rest of the product reads it. */
export function toValidation(document: SpecDocument['validation']): Validation {
  const {
    row_count_tolerance: rowCountTolerance,
    input_drift: inputDrift,
    max_unexplained_rows: maxUnexplainedRows,
    max_unexplained_delta: maxUnexplainedDelta,
    sample_rows: sampleRows,
    tolerances,
    boundary,
    required,
    ...deltas
  } = document;
  const byMeasure = Object.entries(deltas as Deltas).map(
    ([name, { by = {}, ...levels }]) => [name.slice(0, -SUFFIX.length), { by, levels }] as const,
  );
  return {
    rowCountTolerance,
    inputDrift,
    deltaExpected: Object.fromEntries(byMeasure.map(([measure, { levels }]) => [measure, levels])),
    deltaExpectedBy: Object.fromEntries(
      byMeasure.filter(([, { by }]) => Object.keys(by).length > 0).map(([measure, { by }]) => [measure, by]),
    ),
    required,
    maxUnexplainedRows: maxUnexplainedRows ?? { batch: null, run: null },
    maxUnexplainedDelta,
    tolerances: Object.fromEntries(
      Object.entries(tolerances).map(([column, { absolute, relative, drift }]) => [
        column,
        { absolute: absolute ?? 0, relativePercent: relative ?? 0, drift },
      ]),
    ),
    boundary:
      boundary === 'off'
        ? null
        : { deviations: boundary.deviations, leastPercent: boundary.least, history: boundary.history },
    sampleRows,
  };
}
