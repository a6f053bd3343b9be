/** One sample partition that was really run. */
export interface SampleRun {
  readonly partition: string;
  readonly plannedRows: number;
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
  /** Rows the sources are expected to yield to the scans, from the planner over all partitions. */
  readonly scannedRows: number;
  readonly rowsOut: number;
  readonly bytesScanned: number;
  /** Runtime as a range: the sample's speed, divided by the lanes, widened by what samples were off by. */
  readonly runtimeMs: { readonly low: number; readonly high: number };
  readonly cost: { readonly amount: number; readonly currency: string } | null;
  readonly samples: readonly SampleRun[];
  /** How long writers stand still while every partition of the base is compared; null or absent where triggers tell. */
  readonly comparisonMs?: number | null;
}

/** What the warehouse charges, in `currency`; null where a price is not known. */
export interface Prices {
  readonly perTib: number | null;
  readonly perHour: number | null;
  readonly currency: string;
}

/** Samples predicted the runtime of whole runs within these factors; bytes were within 4 %. */
const RUNTIME_LOW = 0.7;
const RUNTIME_HIGH = 1.5;
/** Round trips, locks and checkpoint of one partition, whatever its size: measured 4 to 6 ms. */
const PARTITION_MS = 5;
/** A checked batch reads old and new rows again and runs the source totals: measured 1.4 to 1.8 times the rebuild. */
const CHECKED = 1.8;

/** Scales the samples by the planner's rows over all partitions: bytes and time follow the rows that are scanned. */
export function estimateRun(input: {
  readonly partitions: number;
  readonly batches: number;
  readonly lanes: number;
  readonly plannedRows: number;
  readonly samples: readonly SampleRun[];
  readonly prices: Prices | null;
}): Estimate {
  const { samples, lanes, plannedRows, prices } = input;
  const total = (pick: (sample: SampleRun) => number): number => samples.reduce((sum, sample) => sum + pick(sample), 0);
  const sampleRows = Math.max(
    1,
    total((sample) => sample.plannedRows),
  );
  const scale = plannedRows / sampleRows;
  const busyMs = total((sample) => sample.durationMs) * scale * CHECKED + input.partitions * PARTITION_MS;
  const bytes = Math.round(total((sample) => sample.bytes) * scale);
  return {
    partitions: input.partitions,
    batches: input.batches,
    connections: lanes + 2,
    scannedRows: Math.round(plannedRows),
    rowsOut: Math.round(total((sample) => sample.rowsOut) * scale),
    bytesScanned: bytes,
    runtimeMs: {
      low: Math.round((busyMs / lanes) * RUNTIME_LOW),
      high: Math.round(busyMs * RUNTIME_HIGH),
    },
    cost: price(bytes, busyMs, prices),
    samples,
  };
}

function price(bytes: number, busyMs: number, prices: Prices | null): Estimate['cost'] {
  if (prices === null) return null;
  const amount = (bytes / 1024 ** 4) * (prices.perTib ?? 0) + (busyMs / 3_600_000) * (prices.perHour ?? 0);
  return { amount: Math.round(amount * 100) / 100, currency: prices.currency };
}

/** Ordinals of the partitions worth running: the 10th, 30th, 50th, 70th and 90th percentile by planned rows. */
export function samplePartitions(planned: readonly { readonly ordinal: number; readonly rows: number }[]): number[] {
  const sorted = [...planned].sort((a, b) => a.rows - b.rows || a.ordinal - b.ordinal);
  const picks = [0.1, 0.3, 0.5, 0.7, 0.9].map((share) => sorted[Math.floor(share * (sorted.length - 1))]?.ordinal);
  return [...new Set(picks)].filter((ordinal) => ordinal !== undefined).sort((a, b) => a - b);
}
