import type { ConsumerProbe, DatasetContract, PipelineProbe } from '../domain/dataset-contract.ts';
import { toChannel, toTarget } from './announce-target.ts';
import { contractIssues } from './contract-checks.ts';
import { contractDefaults } from './contract-defaults.ts';
import type { ContractDocument } from './contract-schema.ts';
import { contractSchema } from './contract-schema.ts';
import type { UsedDefault } from './defaults.ts';
import { fillDefaults } from './defaults.ts';
import { placeIssue, schemaIssues } from './document-issue.ts';
import { CONTRACT_WORDS } from './known-words.ts';
import type { RefusedDocument } from './parse-spec.ts';
import type { Locate } from './source-document.ts';
import { readDocument } from './source-document.ts';
import { sortProblems } from './spec-problem.ts';
import { unknownFields } from './unknown-fields.ts';

export interface ParsedContract {
  readonly ok: true;
  readonly contract: DatasetContract;
  readonly defaults: readonly UsedDefault[];
  readonly locate: Locate;
}

/** Reads a dataset contract and reports every problem at once. The files that it names are not looked at. */
export function parseContract(source: {
  readonly text: string;
  readonly file: string;
}): ParsedContract | RefusedDocument {
  const { value, locate, problems, broken } = readDocument(source);
  if (broken) return { ok: false, problems: sortProblems(problems) };
  const { issues: unknown, known } = unknownFields(value, CONTRACT_WORDS);
  const filled = fillDefaults(known, contractDefaults(known));
  const result = contractSchema.safeParse(filled.document);
  const refused = result.success ? [] : schemaIssues(result.error, filled.document);
  const issues = [...unknown, ...refused, ...contractIssues(filled.document)];
  const all = [...problems, ...issues.map((issue) => placeIssue(issue, locate))];
  if (!result.success || all.length > 0) return { ok: false, problems: sortProblems(all) };
  return { ok: true, contract: toContract(result.data), defaults: filled.used, locate };
}

function toContract(document: ContractDocument): DatasetContract {
  const { partition, transform, live_pipeline: pipeline } = document;
  return {
    dataset: document.dataset,
    owner: document.owner,
    approvers: document.approvers,
    approval: document.approval,
    closedPeriods: document.closed_periods,
    signOff: document.sign_off,
    publishedView: document.published_view,
    partition: { key: partition.key, grain: partition.grain, timeZone: partition.time_zone ?? null },
    uniqueKey: document.unique_key,
    required: document.required,
    dimensions: document.dimensions,
    personal: document.personal,
    measures: document.measures,
    transform: { corrected: transform.corrected, trusted: transform.trusted, rangeSafe: transform.range_safe },
    sourceTotals: Object.fromEntries(
      Object.entries(document.source_totals).map(([name, { sql, csv, tolerance }]) => [
        name,
        { sql: sql ?? null, csv: csv ?? null, tolerance },
      ]),
    ),
    referenceInputs: document.reference_inputs,
    explanations: document.explanations,
    livePipeline: {
      running: toProbe(pipeline),
      startedSignalExpiresMs: pipeline.started_signal_expires,
      capture: pipeline.capture,
    },
    consumers: Object.fromEntries(
      Object.entries(document.consumers).map(([name, consumer]) => [name, toConsumer(consumer)]),
    ),
    announce: document.announce.map(toTarget),
    deadlines: {
      approvalMs: document.deadlines.approval,
      signOffMs: document.deadlines.sign_off,
      holdMs: document.deadlines.hold,
    },
    escalation:
      document.escalation === undefined
        ? null
        : { contact: document.escalation.contact, ...toChannel(document.escalation) },
    downstream: document.downstream.map((one) => ({ ...one, refresh: one.refresh ?? null })),
  };
}

function toConsumer(consumer: ContractDocument['consumers'][string]): DatasetContract['consumers'][string] {
  return {
    owner: consumer.owner,
    probe: consumerProbe(consumer),
    expect: consumer.expect ?? null,
    measure: consumer.measure ?? null,
    everyMs: consumer.every,
    afterMs: consumer.after,
    failures: consumer.failures,
    onBreach: consumer.on_breach,
  };
}

function consumerProbe({ monitor, http, canary }: ContractDocument['consumers'][string]): ConsumerProbe | null {
  if (monitor !== undefined) return { kind: 'sql', sql: monitor };
  if (canary !== undefined) return { kind: 'canary', ...canary };
  if (http === undefined) return null;
  const { url, path } = http;
  return { kind: 'http', url, path, header: http.header ?? null, measuredAt: http.measured_at ?? null };
}

function toProbe({ running, http }: ContractDocument['live_pipeline']): PipelineProbe | null {
  if (running !== undefined) return { kind: 'sql', sql: running };
  if (http === undefined) return null;
  return {
    kind: 'http',
    url: http.url,
    header: http.header ?? null,
    path: http.path,
    runningWhen: http.running_when,
  };
}
