import type { BackfillSpec } from './backfill-spec.ts';
import type { MeasureTotals, ReconciliationFigures } from './batch-verdict.ts';
import { formatPercent, judge, percentChange } from './batch-verdict.ts';
import { samplePartitions } from './estimate.ts';
import type { Check } from './verdict.ts';
import { describeCheck } from './verdict.ts';

/** One rehearsed partition: what is published against what the corrected logic gives. */
export interface RehearsedPartition {
  readonly partition: string;
  readonly rowsOld: number;
  readonly rowsNew: number;
  readonly measures: Readonly<Record<string, MeasureTotals>>;
}

/** A row that the correction changes, with the contract's first measure over that row alone. */
export interface RehearsedRow {
  readonly key: Readonly<Record<string, unknown>>;
  readonly class: 'changed' | 'added' | 'removed';
  readonly old: string | null;
  readonly new: string | null;
  readonly explanation: string | null;
}

/** The sample partitions, really built, compared, judged and proved, before anything is written. */
export interface Rehearsal {
  readonly partitions: readonly RehearsedPartition[];
  /** Distinct batches that the partitions are taken from. */
  readonly batches: number;
  readonly figures: ReconciliationFigures;
  readonly topRows: readonly RehearsedRow[];
  /** Expectations first, then the proofs. */
  readonly checks: readonly Check[];
  readonly durationMs: number;
}

interface Planned {
  readonly ordinal: number;
  readonly rows: number;
  readonly era: number;
}

/** Up to this many partitions are rehearsed all: a sample would save nothing. */
const ALL_UP_TO = 5;

/** Ordinals to rehearse, ascending: spread over the sizes, and the middle one of an era that none of them lies in. */
export function rehearsedOrdinals(planned: readonly Planned[]): number[] {
  if (planned.length <= ALL_UP_TO) return planned.map(({ ordinal }) => ordinal).sort((a, b) => a - b);
  const picks = samplePartitions(planned);
  const covered = new Set(planned.filter(({ ordinal }) => picks.includes(ordinal)).map(({ era }) => era));
  const missed = [...new Set(planned.map(({ era }) => era))].filter((era) => !covered.has(era));
  const added = missed.flatMap((era) => {
    const own = planned.filter((one) => one.era === era);
    return own[Math.floor(own.length / 2)]?.ordinal ?? [];
  });
  return [...picks, ...added].sort((a, b) => a - b);
}

type Expected = BackfillSpec['validation'] & { readonly sourceTolerances: Readonly<Record<string, number>> };

/**
 * The samples judged together as one batch, because a single partition may rightly lie outside a batch's range; each by
 * itself where the spec has a range for partitions. Every sampled batch may use its row tolerance.
 */
export function judgeRehearsal(
  { figures, partitions, batches }: Pick<Rehearsal, 'figures' | 'partitions' | 'batches'>,
  expected: Expected,
): readonly Check[] {
  const together = { ...expected, rowCountTolerance: expected.rowCountTolerance * batches, level: 'batch' as const };
  const judged = judge(figures, together).map((check) => runDelta(check, figures, expected));
  return [...judged, ...partitionDeltas(partitions, expected)];
}

/** A range that the spec gives for the run alone: samples inside it agree with it, samples outside it prove nothing yet. */
function runDelta(check: Check, { measures }: ReconciliationFigures, { deltaExpected }: Expected): Check {
  const measure = check.name.startsWith('delta:') ? check.name.slice('delta:'.length) : '';
  const { run, batch } = deltaExpected[measure] ?? {};
  if (run === undefined || batch !== undefined) return check;
  const percent = percentChange(measures[measure] ?? { old: '0', new: '0' });
  const inside = percent !== null && percent >= run.low && percent <= run.high;
  return {
    ...check,
    verdict: inside ? 'pass' : 'inconclusive',
    limit: `${run.low}% to ${run.high}% over the whole run`,
  };
}

function partitionDeltas(partitions: readonly RehearsedPartition[], { deltaExpected }: Expected): Check[] {
  return Object.entries(deltaExpected).flatMap(([measure, { partition: range }]): Check[] => {
    if (range === undefined) return [];
    const outside = partitions.filter(({ measures, rowsOld, rowsNew }) => {
      const percent = percentChange(measures[measure] ?? { old: '0', new: '0' });
      const empty = rowsOld === 0 && rowsNew === 0;
      // Asked for the inside, because NaN is neither below nor above.
      return !empty && !(percent !== null && percent >= range.low && percent <= range.high);
    });
    const named = outside.map(
      ({ partition, measures }) =>
        `${formatPercent(percentChange(measures[measure] ?? { old: '0', new: '0' }))} in partition ${partition}`,
    );
    return [
      {
        name: `partition_delta:${measure}`,
        level: 'aggregate',
        verdict: outside.length === 0 ? 'pass' : 'fail',
        figure: outside.length === 0 ? `${partitions.length} partitions inside` : named.join(', '),
        limit: `${range.low}% to ${range.high}% in every partition`,
      },
    ];
  });
}

/** Why the plan is refused: each failing check with its figure, its limit and what to do. */
export function rehearsalReasons({ checks, partitions }: Pick<Rehearsal, 'checks' | 'partitions'>): string[] {
  const where = `${partitions.length} sample partition${partitions.length === 1 ? '' : 's'}`;
  return checks
    .filter(({ verdict }) => verdict === 'fail')
    .map((check) => `the rehearsal on ${where} fails ${describeCheck(check)}; ${remedy(check)}`);
}

const REMEDIES: Readonly<Record<string, string>> = {
  delta: 'correct the transform, or the range that the spec expects',
  partition_delta: 'correct the transform, or the range that the spec expects',
  row_count: 'correct the transform, or allow for it in validation.row_count_tolerance',
  source_total: 'correct the transform, or the source total it is compared with',
  seam: 'bring transform.corrected in line with what the live pipeline runs',
  reproduction:
    'correct transform.trusted, restore the inputs that were changed since, or leave those partitions out (source_range.exclude)',
};

function remedy({ name }: Check): string {
  return REMEDIES[name.split(':')[0] ?? ''] ?? 'correct the transform';
}
