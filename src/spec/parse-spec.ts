import type { BackfillSpec } from '../domain/backfill-spec.ts';
import type { UsedDefault } from './defaults.ts';
import { fillDefaults } from './defaults.ts';
import { placeIssue, schemaIssues } from './document-issue.ts';
import { fingerprint } from './fingerprint.ts';
import { intervalOf } from './interval.ts';
import { toTarget } from './announce-target.ts';
import { SPEC_WORDS } from './known-words.ts';
import type { Override, UsedOverride } from './override.ts';
import { applyOverrides } from './override.ts';
import type { DocumentSource, Locate } from './source-document.ts';
import { readDocument } from './source-document.ts';
import { specIssues } from './spec-checks.ts';
import { specDefaults } from './spec-defaults.ts';
import type { SpecProblem } from './spec-problem.ts';
import { sortProblems } from './spec-problem.ts';
import type { SpecDocument } from './spec-schema.ts';
import { specSchema } from './spec-schema.ts';
import { toValidation } from './to-validation.ts';
import { unknownFields } from './unknown-fields.ts';

export interface ParsedSpec {
  readonly ok: true;
  readonly spec: BackfillSpec;
  readonly defaults: readonly UsedDefault[];
  readonly overrides: readonly UsedOverride[];
  /** Of the document with its overrides and without defaults, as `sha256` in hex: two specs that ask for the same have the same. */
  readonly specHash: string;
  readonly locate: Locate;
}

export interface RefusedDocument {
  readonly ok: false;
  readonly problems: readonly SpecProblem[];
}

/**
 * Reads a backfill spec and reports every problem at once.
 *
 * `today` is the UTC date as `YYYY-MM-DD`. A range that ends after it is refused here; whether `today` itself is over
 * depends on the dataset's time zone and is decided by `crossCheck`.
 */
export function parseSpec(
  source: DocumentSource,
  overrides: readonly Override[],
  today: string,
): ParsedSpec | RefusedDocument {
  const read = readDocument(source);
  if (read.broken) return { ok: false, problems: sortProblems(read.problems) };
  const { document, locate, used, problems } = applyOverrides(read.value, overrides, read.locate);
  const { issues: unknown, known } = unknownFields(document, SPEC_WORDS);
  const filled = fillDefaults(known, specDefaults(known));
  const result = specSchema.safeParse(filled.document);
  const refused = result.success ? [] : schemaIssues(result.error, filled.document);
  const issues = [...unknown, ...refused, ...specIssues(document, today)];
  const all = [...read.problems, ...problems, ...issues.map((issue) => placeIssue(issue, locate))];
  if (!result.success || all.length > 0) return { ok: false, problems: sortProblems(all) };
  return {
    ok: true,
    spec: toSpec(result.data),
    defaults: filled.used,
    overrides: used,
    specHash: fingerprint(document),
    locate,
  };
}

function toSpec(document: SpecDocument): BackfillSpec {
  const { source_range: range, target, execution, validation, publication, rollback } = document;
  return {
    backfillId: document.backfill_id,
    owner: document.owner,
    sourceRange: { start: range.start, end: range.end },
    interval: intervalOf(range, range.exclude),
    target: { table: target.table, partitionKey: target.partition_key },
    reason: document.reason,
    execution: {
      partitionsPerBatch: execution.partitions_per_batch,
      maxConcurrency: execution.max_concurrency,
      pauseDuringLivePipeline: execution.pause_during_live_pipeline,
      order: execution.order,
      queryTimeoutMs: execution.query_timeout,
      lockTimeoutMs: execution.lock_timeout,
      dailyBytesBudget: execution.daily_bytes_budget ?? null,
      ...(execution.daily_cost_budget === undefined ? {} : { dailyCostBudget: execution.daily_cost_budget }),
      pauseWindows: execution.pause_windows.map(({ from, to, time_zone: timeZone }) => ({ from, to, timeZone })),
    },
    validation: toValidation(validation),
    publication: {
      strategy: publication.strategy,
      lateDrift: {
        partitionsPercent: publication.late_drift.partitions,
        measurePercent: publication.late_drift.measure,
        maxLagMs: publication.late_drift.max_lag,
      },
      maxFenceMs: publication.max_fence,
      directReaders: publication.direct_readers,
      announce: publication.announce.map(toTarget),
    },
    rollback: {
      snapshot: rollback.snapshot,
      windowMs: rollback.window,
      retainAfterSignOffMs: rollback.retain_after_sign_off,
      monitors: rollback.monitors,
      autoRollback: rollback.auto_rollback,
    },
  };
}
