import { claimsFor } from './batch-queue.ts';
import type { PartitionSurvey } from './partition-survey.ts';
import type { Prices } from './price.ts';
import { priceOf } from './price.ts';
import { scaleSamples } from './scale-samples.ts';

/** One sample partition that was really run. */
export interface SampleRun {
  readonly partition: string;
  /** As the planner expected, and as the scans really yielded. */
  readonly plannedRows: number;
  readonly scannedRows: number;
  readonly rowsOut: number;
  readonly bytes: number;
  readonly durationMs: number;
}

/** One look at all reference inputs. */
export interface InputsCost {
  readonly bytes: number;
  readonly durationMs: number;
}

export interface Estimate {
  readonly partitions: number;
  readonly batches: number;
  readonly connections: number;
  /** Activities that build, and events of the workflow's history for the whole run. */
  readonly claims: number;
  readonly events: number;
  /** Rows the sources are expected to yield to the scans, from the planner over all partitions. */
  readonly scannedRows: number;
  readonly rowsOut: number;
  /** By building alone. */
  readonly bytesScanned: number;
  /** By the checks of batches: source totals and reference inputs, as they are counted into the budget. */
  readonly checkBytes: number;
  /** Time worked, all lanes added up. */
  readonly busyMs: number;
  /** Runtime as a range: the sample's speed, divided by the lanes, widened by what samples were off by. */
  readonly runtimeMs: { readonly low: number; readonly high: number };
  /** The likely amount, and the range that bytes and runtime leave. */
  readonly cost: {
    readonly amount: number;
    readonly low: number;
    readonly high: number;
    readonly currency: string;
  } | null;
  /** That cost was reckoned with, and the actual cost is; null: not priced. */
  readonly prices: Prices | null;
  readonly samples: readonly SampleRun[];
  readonly survey: PartitionSurvey | null;
  readonly inputs: InputsCost;
  /** How long writers stand still while every partition of the base is compared; null or absent where triggers tell. */
  readonly comparisonMs?: number | null;
}

/** Samples predicted the runtime of whole runs within these factors; bytes were within 4 %. */
const RUNTIME_LOW = 0.7;
const RUNTIME_HIGH = 1.5;
/** Bytes of real runs were within 4 % of those of samples, on statistics that were fresh. */
const BYTES_OFF = 0.1;
/** Round trips, locks and checkpoint of one partition, whatever its size: measured 4 to 6 ms. */
const PARTITION_MS = 5;
/** A checked batch reads old and new rows again and runs the source totals: measured 1.4 to 1.8 times the rebuild. */
const CHECKED = 1.8;
/** Before the evidence and before the switch. */
const LOOKS_BESIDE_BATCHES = 2;
/** An activity is three events, the task that starts it and the one that hears of it three more; lanes share some. */
const EVENTS_A_CLAIM = 6;
/** Of recorded runs from start to end, with an approval, three signatures and a rollback, less their claims: 190 to 340. */
const EVENTS_BESIDE_CLAIMS = 300;

/**
 * Rows come from the planner, over all partitions; what a row and a partition cost, from the samples that were really run
 * and the rows that they really scanned. Neither the planner's bytes nor its rows of a GROUP BY are used: they are off 4 to
 * 100 times.
 */
export function estimateRun(input: {
  readonly partitions: number;
  readonly batches: number;
  readonly lanes: number;
  readonly plannedRows: number;
  readonly samples: readonly SampleRun[];
  readonly sourceTotals: number;
  readonly inputs: InputsCost;
  readonly survey: PartitionSurvey | null;
  readonly prices: Prices | null;
}): Estimate {
  const { samples, lanes, plannedRows, prices, partitions, batches, inputs } = input;
  const scaled = (pick: (sample: SampleRun) => number): number =>
    scaleSamples(
      samples.map((sample) => ({ rows: sample.scannedRows, value: pick(sample) })),
      { partitions, rows: plannedRows },
    );
  const looks = batches + LOOKS_BESIDE_BATCHES;
  const busyMs =
    scaled(({ durationMs }) => durationMs) * CHECKED + partitions * PARTITION_MS + looks * inputs.durationMs;
  const bytes = Math.round(scaled((sample) => sample.bytes));
  const checkBytes = bytes * input.sourceTotals + looks * inputs.bytes;
  const claims = claimsFor({ batches, busyMs });
  return {
    partitions,
    batches,
    // A session and a look at the gate for each lane, messages and status beside them.
    connections: 2 * lanes + 2,
    claims,
    events: EVENTS_BESIDE_CLAIMS + claims * EVENTS_A_CLAIM,
    scannedRows: Math.round(plannedRows),
    rowsOut: Math.round(scaled(({ rowsOut }) => rowsOut)),
    bytesScanned: bytes,
    checkBytes,
    busyMs: Math.round(busyMs),
    runtimeMs: {
      low: Math.round((busyMs / lanes) * RUNTIME_LOW),
      high: Math.round(busyMs * RUNTIME_HIGH),
    },
    cost: costOf({ bytes: bytes + checkBytes, busyMs }, prices),
    prices,
    samples,
    survey: input.survey,
    inputs,
  };
}

function costOf(work: { readonly bytes: number; readonly busyMs: number }, prices: Prices | null): Estimate['cost'] {
  if (prices === null) return null;
  const at = (bytes: number, time: number): number =>
    priceOf({ bytes: work.bytes * bytes, busyMs: work.busyMs * time }, prices);
  return {
    amount: at(1, 1),
    low: at(1 - BYTES_OFF, RUNTIME_LOW),
    high: at(1 + BYTES_OFF, RUNTIME_HIGH),
    currency: prices.currency,
  };
}

/** Ordinals of the partitions worth running: the 10th, 30th, 50th, 70th and 90th percentile by planned rows. */
export function samplePartitions(planned: readonly { readonly ordinal: number; readonly rows: number }[]): number[] {
  const sorted = [...planned].sort((a, b) => a.rows - b.rows || a.ordinal - b.ordinal);
  const picks = [0.1, 0.3, 0.5, 0.7, 0.9].map((share) => sorted[Math.floor(share * (sorted.length - 1))]?.ordinal);
  return [...new Set(picks)].filter((ordinal) => ordinal !== undefined).sort((a, b) => a - b);
}
