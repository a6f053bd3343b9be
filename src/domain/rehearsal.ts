import type { BackfillSpec, Bounds } from './backfill-spec.ts';
import type { ReconciliationFigures } from './batch-verdict.ts';
import { judge, percentChange } from './batch-verdict.ts';
import type { ComparedDimensions, ComparedPartition, ComparedRow } from './comparison.ts';
import { samplePartitions } from './estimate.ts';
import type { Reproduction } from './reproduction.ts';
import type { SeamRow } from './seam.ts';
import type { Check } from './verdict.ts';
import { describeCheck } from './verdict.ts';

/** The sample partitions, really built, compared, judged and proved, before anything is written. */
export interface Rehearsal {
  readonly partitions: readonly ComparedPartition[];
  /** Distinct batches that the partitions are taken from. */
  readonly batches: number;
  readonly figures: ReconciliationFigures;
  readonly dimensions: ComparedDimensions;
  readonly topRows: readonly ComparedRow[];
  /** Rows after the interval that the pipeline wrote otherwise than the corrected logic gives; the first of them. */
  readonly seamRows: readonly SeamRow[];
  /** Null where the contract has no trusted logic. */
  readonly reproduction: Reproduction | null;
  /** Expectations first, then the proofs. */
  readonly checks: readonly Check[];
  readonly durationMs: number;
}

interface Planned {
  readonly ordinal: number;
  readonly rows: number;
  readonly era: number;
  /** Null where the grain is longer than a day. */
  readonly weekend: boolean | null;
}

/** Up to this many partitions are rehearsed all: a sample would save nothing. */
const ALL_UP_TO = 5;

/** Ordinals to rehearse, ascending: spread over the sizes, and the middle one of an era, of weekdays or weekends that none of them is of. */
export function rehearsedOrdinals(planned: readonly Planned[]): number[] {
  if (planned.length <= ALL_UP_TO) return planned.map(({ ordinal }) => ordinal).sort((a, b) => a - b);
  const picks = samplePartitions(planned);
  const added = [...missed(planned, picks, ({ era }) => era), ...missed(planned, picks, ({ weekend }) => weekend)];
  return [...new Set([...picks, ...added])].sort((a, b) => a - b);
}

/** The middle one of each kind that no pick is of. */
function missed(
  planned: readonly Planned[],
  picks: readonly number[],
  kindOf: (one: Planned) => number | boolean | null,
): number[] {
  const covered = new Set(planned.filter(({ ordinal }) => picks.includes(ordinal)).map(kindOf));
  const left = [...new Set(planned.map(kindOf))].filter((kind) => !covered.has(kind));
  return left.flatMap((kind) => {
    const own = planned.filter((one) => kindOf(one) === kind);
    return own[Math.floor(own.length / 2)]?.ordinal ?? [];
  });
}

type Expected = BackfillSpec['validation'] & { readonly sourceTolerances: Readonly<Record<string, number>> };

/**
 * The samples judged together as one batch, because a single partition may rightly lie outside a batch's range; each by
 * itself where the spec has a range for partitions. Every sampled batch may use its row tolerance and its bounds.
 */
export function judgeRehearsal(
  { figures, partitions, dimensions, batches }: Pick<Rehearsal, 'figures' | 'partitions' | 'dimensions' | 'batches'>,
  expected: Expected,
): readonly Check[] {
  const together = {
    ...expected,
    rowCountTolerance: expected.rowCountTolerance * batches,
    maxUnexplainedRows: times(expected.maxUnexplainedRows, batches),
    maxUnexplainedDelta: Object.fromEntries(
      Object.entries(expected.maxUnexplainedDelta).map(([measure, bounds]) => [measure, times(bounds, batches)]),
    ),
    level: 'batch' as const,
  };
  return judge(figures, together, { partitions, dimensions }).map((check) => runDelta(check, figures, expected));
}

function times({ batch, run }: Bounds, batches: number): Bounds {
  return { batch: batch === null ? null : batch * batches, run };
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
  delta_by: 'correct the transform, or the range that the spec expects',
  unexplained:
    'correct the transform, name the reason in explanations, or allow for it in validation.max_unexplained_rows',
  unexplained_delta:
    'correct the transform, name the reason in explanations, or allow for it in validation.max_unexplained_delta',
  tolerated: 'correct the transform, or the drift that validation.tolerances allows',
  row_count: 'correct the transform, or allow for it in validation.row_count_tolerance',
  source_total: 'correct the transform, or the source total it is compared with',
  seam: 'bring transform.corrected in line with what the live pipeline runs',
  reproduction:
    'correct transform.trusted, restore the inputs that were changed since, leave those partitions out (source_range.exclude), or have what changed inputs do shown apart (validation.input_drift: reported)',
};

function remedy({ name }: Check): string {
  return REMEDIES[name.split(':')[0] ?? ''] ?? 'correct the transform';
}
