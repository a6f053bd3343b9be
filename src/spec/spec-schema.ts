import { z } from 'zod';
import type { Bounds } from '../domain/backfill-spec.ts';
import { BUILD_ORDERS } from '../domain/backfill-spec.ts';
import { announceSchema } from './contract-schema.ts';
import { INPUT_DRIFTS } from '../domain/reproduction.ts';
import { isMapping } from './document-path.ts';
import { dateReader } from './iso-date.ts';
import { LATER_STRATEGIES } from './known-words.ts';
import {
  amountReader,
  backfillIdReader,
  booleanReader,
  choiceReader,
  clockReader,
  integerReader,
  lineReader,
  timeZoneReader,
} from './plain-values.ts';
import {
  bytesReader,
  costReader,
  durationReader,
  percentRangeReader,
  shareReader,
  timeoutReader,
} from './quantities.ts';
import { eitherForm, field } from './reader.ts';
import { columnNameReader, tableNameReader } from './sql-name.ts';

/** A mapping whose keys are column names, plain or quoted. */
function byColumn<T>(item: z.ZodType<T>): z.ZodType<Record<string, T>> {
  return z.record(z.string(), item).transform((given, context) => {
    const named = Object.entries(given).map(([name, value]): [string, T] => {
      const reading = columnNameReader.read(name);
      if ('value' in reading) return [reading.value, value];
      context.addIssue({
        code: 'custom',
        message: reading.problem,
        params: { ...columnNameReader, ...reading },
        path: [name],
      });
      return [name, value];
    });
    return Object.fromEntries(named);
  });
}

/** One bound for every batch and for the run, or one of each. */
function bounds(bound: z.ZodType<number>): z.ZodType<Bounds> {
  return eitherForm((value) =>
    isMapping(value)
      ? z
          .object({ batch: bound.optional(), run: bound.optional() })
          .transform(({ batch, run }) => ({ batch: batch ?? null, run: run ?? null }))
      : bound.transform((one) => ({ batch: one, run: one })),
  );
}

const date = field(dateReader);
const party = field(lineReader(100));
const percentRange = field(percentRangeReader);
const flag = field(booleanReader);

/** A change that is expected in batches and in the run; a single partition is judged only where the document says so. */
const deltaExpected = eitherForm((value) =>
  isMapping(value)
    ? z.object({
        partition: percentRange.optional(),
        batch: percentRange.optional(),
        run: percentRange.optional(),
        by: byColumn(percentRange).optional(),
      })
    : percentRange.transform((range) => ({ batch: range, run: range, by: {} })),
);

const exclusion = eitherForm((value) =>
  isMapping(value) ? z.object({ start: date, end: date }) : date.transform((day) => ({ start: day, end: day })),
);

/** A month of daily partitions is 31; ten thousand hourly ones are more than a year in one reconciliation. */
const MOST_PARTITIONS_PER_BATCH = 10_000;
/** Each lane is one rebuilding statement on the warehouse. */
const MOST_LANES = 32;

/** Kept with the evidence of every batch. */
const MOST_SAMPLE_ROWS = 100;
const rows = field(integerReader(0, 1_000_000_000));

/** Writers of the base stand still for as long: an hour is no switch any more. */
const LONGEST_FENCE_MS = 3_600_000;

/** The document after its defaults are filled in and unknown fields are taken out. */
export const specSchema = z.object({
  backfill_id: field(backfillIdReader),
  owner: party,
  source_range: z.object({ start: date, end: date, exclude: z.array(exclusion) }),
  target: z.object({ table: field(tableNameReader), partition_key: field(columnNameReader) }),
  reason: z.object({ issue: party, change: field(lineReader(1000)) }),
  execution: z.object({
    partitions_per_batch: field(integerReader(1, MOST_PARTITIONS_PER_BATCH)),
    max_concurrency: field(integerReader(1, MOST_LANES)),
    pause_during_live_pipeline: flag,
    order: field(choiceReader(BUILD_ORDERS)),
    query_timeout: field(timeoutReader),
    lock_timeout: field(timeoutReader),
    daily_bytes_budget: field(bytesReader).optional(),
    daily_cost_budget: field(costReader).optional(),
    pause_windows: z.array(
      z.object({ from: field(clockReader), to: field(clockReader), time_zone: field(timeZoneReader) }),
    ),
  }),
  validation: z
    .object({
      row_count_tolerance: rows,
      input_drift: field(choiceReader(INPUT_DRIFTS)),
      max_unexplained_rows: bounds(rows).optional(),
      max_unexplained_delta: z.record(z.string(), bounds(field(amountReader))),
      tolerances: byColumn(
        z.object({
          absolute: field(amountReader).optional(),
          relative: field(shareReader).optional(),
          drift: field(amountReader),
        }),
      ),
      boundary: eitherForm<'off' | { deviations: number; least: number; history: number }>((value) =>
        isMapping(value)
          ? z.object({
              deviations: field(integerReader(1, 100)),
              least: field(shareReader),
              history: field(integerReader(4, 10_000)),
            })
          : field(choiceReader(['off'] as const)),
      ),
      sample_rows: field(integerReader(0, MOST_SAMPLE_ROWS)),
      required: z.array(field(columnNameReader)),
    })
    .catchall(deltaExpected),
  publication: z.object({
    strategy: field(choiceReader(['pointer'] as const, LATER_STRATEGIES)),
    late_drift: z.object({
      partitions: field(shareReader),
      measure: field(shareReader),
      max_lag: field(durationReader()),
    }),
    max_fence: field(durationReader(1, LONGEST_FENCE_MS)),
    announce: z.array(announceSchema),
    direct_readers: z.array(field(lineReader(200))),
  }),
  rollback: z.object({
    snapshot: field(tableNameReader),
    window: field(durationReader()),
    retain_after_sign_off: field(durationReader(0)),
    monitors: flag,
    auto_rollback: flag,
  }),
});

export type SpecDocument = z.output<typeof specSchema>;
