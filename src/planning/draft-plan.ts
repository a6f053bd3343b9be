import type { BackfillPlan, PlannedSql } from '../domain/backfill-plan.ts';
import type { LoadedContract } from '../domain/dataset-contract.ts';
import type { Prices } from '../domain/estimate.ts';
import { estimateRun } from '../domain/estimate.ts';
import { formatName } from '../domain/names.ts';
import { keyRanges, partitionCounts } from '../ledger/partitions.ts';
import type { Session } from '../warehouse/session.ts';
import { withReadOnly, withRollback } from '../warehouse/session.ts';
import { checkInstallation } from './installation-checks.ts';
import { modelReasons } from './model-checks.ts';
import type { Preflight } from './preflight.ts';
import { preflight, shadowName } from './preflight.ts';
import type { Documents } from './read-documents.ts';
import { runSamples } from './sample-partitions.ts';

export type Draft =
  | { readonly kind: 'plan'; readonly plan: BackfillPlan }
  | { readonly kind: 'refused'; readonly reasons: readonly string[]; readonly warnings: readonly string[] };

/** Draws up the plan: looks at the catalogue, runs the samples, writes nothing. Every reason against it at once. */
export async function draftPlan(session: Session, documents: Documents, prices: Prices | null): Promise<Draft> {
  const { spec, loaded } = documents;
  const { contract } = loaded;
  const seen = await withRollback(session, () => preflight(session, spec, loaded));
  const key = { name: contract.partition.key, type: seen.keyType };
  const installed =
    seen.table === null || seen.view === null
      ? null
      : await withRollback(session, () => checkInstallation(session, seen.table!, seen.view!, key));
  const eras = contract.transform.corrected.map((era) => ({ from: era.from, ...planned(loaded, era.sql) }));
  const shape = { keyType: seen.keyType, eras, contract, spec };
  const models = seen.reasons.length > 0 ? [] : await withReadOnly(session, () => modelReasons(session, shape));
  const reasons = [...seen.reasons, ...(installed?.reasons ?? []), ...models];
  if (reasons.length > 0 || seen.table === null || installed?.functionPrefix == null)
    return { kind: 'refused', reasons, warnings: seen.warnings };

  const counts = await session.one<{ partitions: number; batches: number }>(partitionCounts(shape));
  const sampled = await withReadOnly(session, () => runSamples(session, shape, counts.partitions));
  const warnings = [
    ...seen.warnings,
    ...(sampled.empty > 0 ? [`${sampled.empty} of ${sampled.samples.length} sample partitions yield no row`] : []),
    ...(loaded.dirty ? [`the contracts folder has uncommitted changes (${loaded.codeVersion})`] : []),
  ];
  const estimate = estimateRun({
    ...counts,
    lanes: spec.execution.maxConcurrency,
    plannedRows: sampled.plannedRows,
    samples: sampled.samples,
    prices,
  });
  return {
    kind: 'plan',
    plan: {
      ...shape,
      ...namesOf(documents),
      ...columnsOf(seen),
      ...counts,
      keyRanges: await session.rows(keyRanges(shape)),
      sourceTotals: Object.fromEntries(
        Object.entries(contract.sourceTotals).map(([name, total]) => [
          name,
          { ...planned(loaded, total.sql), tolerance: total.tolerance },
        ]),
      ),
      probe: contract.livePipeline.running?.kind === 'sql' ? planned(loaded, contract.livePipeline.running.sql) : null,
      baseFingerprint: installed.baseFingerprint ?? '',
      plainViewFingerprint: installed.viewFingerprint ?? '',
      functionPrefix: installed.functionPrefix,
      estimate,
      warnings,
    },
  };
}

function namesOf({
  spec,
  parsed,
  loaded,
}: Documents): Pick<
  BackfillPlan,
  | 'version'
  | 'backfillId'
  | 'dataset'
  | 'table'
  | 'view'
  | 'shadow'
  | 'snapshot'
  | 'contractSha256'
  | 'codeVersion'
  | 'contractsDirty'
  | 'overrides'
  | 'defaults'
  | 'uniqueKey'
> {
  const { contract } = loaded;
  return {
    version: 1,
    backfillId: spec.backfillId,
    dataset: formatName(contract.dataset),
    table: contract.dataset,
    view: contract.publishedView,
    shadow: shadowName(contract),
    snapshot: spec.rollback.snapshot,
    contractSha256: loaded.sha256,
    codeVersion: loaded.codeVersion,
    contractsDirty: loaded.dirty,
    overrides: parsed.overrides,
    defaults: parsed.defaults,
    uniqueKey: contract.uniqueKey,
  };
}

function columnsOf(
  seen: Preflight,
): Pick<BackfillPlan, 'columns' | 'comparedColumns' | 'storedColumns' | 'auditColumns' | 'viewColumns'> {
  const columns = seen.table?.columns ?? [];
  const stored = columns.filter((column) => !column.generated).map((column) => column.name);
  const compared = seen.transform?.produced ?? [];
  return {
    columns,
    comparedColumns: compared,
    storedColumns: stored,
    auditColumns: stored.filter((name) => !compared.includes(name)),
    viewColumns: (seen.view?.columns ?? []).map((column) => column.name),
  };
}

function planned(loaded: LoadedContract, file: string): PlannedSql {
  const content = loaded.files[file];
  if (content === undefined) throw new Error(`contract file ${file} was not read`);
  return { file, ...content };
}
