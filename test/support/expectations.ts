import type { BackfillSpec } from '../../src/domain/backfill-spec.ts';
import type { ReconciliationFigures } from '../../src/domain/batch-verdict.ts';

/** What a spec expects that says nothing of it. */
export const EXPECTS_NOTHING: BackfillSpec['validation'] = {
  rowCountTolerance: 0,
  deltaExpected: {},
  deltaExpectedBy: {},
  required: [],
  maxUnexplainedRows: { batch: null, run: null },
  maxUnexplainedDelta: {},
  tolerances: {},
  boundary: { deviations: 6, leastPercent: 2, history: 12 },
  sampleRows: 5,
};

/** Nothing was found, because nothing was there. */
export const NO_FIGURES: ReconciliationFigures = {
  partitionsPlanned: 0,
  partitionsBuilt: 0,
  rowsOld: 0,
  rowsNew: 0,
  rowsSame: 0,
  rowsChanged: 0,
  rowsAdded: 0,
  rowsRemoved: 0,
  rowsTolerated: 0,
  rowsLive: 0,
  liveMeasures: {},
  duplicateKeys: 0,
  uniqueIndexMissing: 0,
  rowsOutside: 0,
  nulls: {},
  measures: {},
  sourceDifferences: {},
  sourceMissing: {},
  explained: {},
  unexplained: 0,
  tolerated: {},
  deltas: {},
  overlaps: {},
  signatures: {},
  attribution: {},
  absolute: {},
  inexact: [],
  partitionsOutside: {},
};
