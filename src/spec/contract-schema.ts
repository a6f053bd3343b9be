import { z } from 'zod';
import { IDENTIFICATIONS } from '../domain/people.ts';
import { ANNOUNCEMENTS } from '../domain/announce-target.ts';
import { BREACH_ACTIONS, CAPTURE_MODES, PARTITION_GRAINS, PARTITION_MAPPINGS } from '../domain/dataset-contract.ts';
import {
  announcementFileReader,
  answerPathReader,
  conditionReader,
  csvPathReader,
  expectationReader,
  expressionReader,
  probeUrlReader,
  publicKeyReader,
  secretReader,
  sqlPathReader,
} from './contract-values.ts';
import { dateReader } from './iso-date.ts';
import {
  amountReader,
  booleanReader,
  choiceReader,
  integerReader,
  lineReader,
  timeZoneReader,
} from './plain-values.ts';
import { durationReader, timeoutReader } from './quantities.ts';
import { field } from './reader.ts';
import { columnNameReader, tableNameReader } from './sql-name.ts';

const party = field(lineReader(100));
const table = field(tableNameReader);
const column = field(columnNameReader);
const sqlPath = field(sqlPathReader);
const era = z.object({ from: field(dateReader), sql: sqlPath });

/** A canary that runs oftener is a load of its own; a percentile of fewer than five runs is their maximum. */
const CANARY_RUNS = [1, 200] as const;
/** More in a row would be a monitor that nobody hears of. */
const MOST_FAILURES = 20;

const consumer = z.object({
  owner: party,
  monitor: sqlPath.optional(),
  http: z
    .object({
      url: field(probeUrlReader),
      header: field(secretReader).optional(),
      path: field(answerPathReader),
      measured_at: field(answerPathReader).optional(),
    })
    .optional(),
  canary: z
    .object({ sql: sqlPath, role: field(lineReader(63)), runs: field(integerReader(...CANARY_RUNS)) })
    .optional(),
  expect: field(expectationReader).optional(),
  measure: field(lineReader(40)).optional(),
  every: field(durationReader()),
  after: field(durationReader(0)),
  failures: field(integerReader(1, MOST_FAILURES)),
  on_breach: field(choiceReader(BREACH_ACTIONS)),
});

export const announceSchema = z.object({
  webhook: field(secretReader).optional(),
  file: field(announcementFileReader).optional(),
  when: z.array(field(choiceReader(ANNOUNCEMENTS))).min(1),
});

/** The document after its defaults are filled in and unknown fields are taken out. */
export const contractSchema = z.object({
  dataset: table,
  owner: party,
  approvers: z.array(party).min(1),
  approval: z.object({
    identification: field(choiceReader(IDENTIFICATIONS)),
    keys: z.record(z.string(), field(publicKeyReader)),
  }),
  closed_periods: z.array(z.object({ name: party, start: field(dateReader), end: field(dateReader), approver: party })),
  sign_off: z.array(party).min(1),
  published_view: table,
  partition: z.object({
    key: column,
    grain: field(choiceReader(PARTITION_GRAINS)),
    time_zone: field(timeZoneReader).optional(),
  }),
  unique_key: z.array(column).min(1),
  required: z.array(column),
  dimensions: z.array(column),
  personal: z.array(column),
  measures: z.record(z.string(), field(expressionReader)),
  transform: z.object({
    corrected: z.array(era).min(1),
    trusted: z.array(era),
    range_safe: field(booleanReader),
  }),
  source_totals: z.record(
    z.string(),
    z.object({ sql: sqlPath.optional(), csv: field(csvPathReader).optional(), tolerance: field(amountReader) }),
  ),
  reference_inputs: z.array(table),
  explanations: z.record(z.string(), field(expressionReader)),
  live_pipeline: z.object({
    running: sqlPath.optional(),
    http: z
      .object({
        url: field(probeUrlReader),
        header: field(secretReader).optional(),
        path: field(answerPathReader),
        running_when: field(conditionReader),
      })
      .optional(),
    started_signal_expires: field(timeoutReader),
    capture: field(choiceReader(CAPTURE_MODES)),
  }),
  consumers: z.record(z.string(), consumer),
  announce: z.array(announceSchema),
  deadlines: z.object({
    approval: field(durationReader()),
    sign_off: field(durationReader()),
    hold: field(durationReader()),
  }),
  escalation: z
    .object({ contact: party, webhook: field(secretReader).optional(), file: field(announcementFileReader).optional() })
    .optional(),
  downstream: z.array(
    z.object({
      dataset: field(lineReader(200)),
      owner: party,
      refresh: field(lineReader(1000)).optional(),
      partitions: field(choiceReader(PARTITION_MAPPINGS)),
    }),
  ),
});

export type ContractDocument = z.output<typeof contractSchema>;
