import type { BackfillPlan, PlannedProbe, PlannedSql, PlannedTotal } from '../domain/backfill-plan.ts';
import type { KeyRange } from '../domain/backfill-spec.ts';
import { isAdditive } from '../domain/additive.ts';
import { reopenedPeriods } from '../domain/closed-periods.ts';
import type { LoadedContract, SourceTotal } from '../domain/dataset-contract.ts';
import type { Prices } from '../domain/price.ts';
import { refusedAtOnce } from '../domain/direct-readers.ts';
import { estimateRun } from '../domain/estimate.ts';
import { judgeFence } from '../domain/fence-limit.ts';
import { formatName } from '../domain/names.ts';
import type { Rehearsal } from '../domain/rehearsal.ts';
import { rehearsalReasons } from '../domain/rehearsal.ts';
import { NO_ROW_SECURITY } from '../domain/row-security.ts';
import { describeCheck } from '../domain/verdict.ts';
import { isSecurityInvoker } from '../domain/view-rights.ts';
import { keyRanges, partitionCounts } from '../ledger/partitions.ts';
import { readFigures } from '../spec/figures-file.ts';
import { addDays } from '../spec/iso-date.ts';
import type { Session } from '../warehouse/session.ts';
import { withReadOnly, withRollback } from '../warehouse/session.ts';
import { probeReasons } from './ask-probe.ts';
import { figureWarnings } from './external-figures.ts';
import type { SecretOf } from './fetch-json.ts';
import { forecastRun, priceReasons } from './forecast.ts';
import { checkInstallation } from './installation-checks.ts';
import { measureFence } from './measure-fence.ts';
import { plannedDownstream } from './plan-downstream.ts';
import { monitorReasons } from './monitor-checks.ts';
import { modelReasons } from './model-checks.ts';
import { monitorWarnings, plannedMonitors } from './plan-monitors.ts';
import type { Preflight } from './preflight.ts';
import { preflight, shadowName } from './preflight.ts';
import type { Documents } from './read-documents.ts';
import { rehearseOrRefuse } from './rehearse.ts';
import { unrestoredReasons } from './unrestored-checks.ts';

export type Draft =
  | { readonly kind: 'plan'; readonly plan: BackfillPlan; readonly rehearsal: Rehearsal }
  | {
      readonly kind: 'refused';
      readonly reasons: readonly string[];
      readonly warnings: readonly string[];
      /** Where it came that far: what was found on the samples. */
      readonly rehearsal?: Rehearsal;
    };

/** Draws up the plan: looks at the catalogue, rehearses on samples, writes nothing. Every reason against it at once. */
export async function draftPlan(
  session: Session,
  documents: Documents,
  prices: Prices | null,
  secretOf: SecretOf,
): Promise<Draft> {
  const { spec, loaded } = documents;
  const { contract } = loaded;
  const seen = await withRollback(session, () => preflight(session, spec, loaded));
  const key = { name: contract.partition.key, type: seen.keyType };
  const { capture } = contract.livePipeline;
  const installed =
    seen.table === null || seen.view === null
      ? null
      : await withRollback(session, () => checkInstallation(session, seen.table!, seen.view!, key, capture));
  const eras = contract.transform.corrected.map((era) => ({ from: era.from, ...planned(loaded, era.sql) }));
  const shape = { keyType: seen.keyType, eras, contract, spec };
  const probe = plannedProbe(loaded);
  const asked = seen.reasons.length > 0 ? [] : await askedReasons(session, shape, probe, secretOf);
  const watch = await planWatch(session, documents, { shape, isReadable: seen.reasons.length === 0, secretOf });
  const reasons = [
    ...seen.reasons,
    ...(installed?.reasons ?? []),
    ...asked,
    ...watch.reasons,
    ...priceReasons(spec, prices),
  ];
  if (reasons.length > 0 || seen.table === null || installed?.functionPrefix == null)
    return { kind: 'refused', reasons, warnings: seen.warnings };

  const counts = await session.one<{ partitions: number; batches: number }>(partitionCounts(shape));
  const { inputs, samples, forecast } = await forecastRun(session, shape, counts, prices);
  const drafted: BackfillPlan = {
    ...shape,
    ...namesOf(documents),
    ...columnsOf(seen),
    ...counts,
    inputs,
    trusted: contract.transform.trusted.map((era) => ({ from: era.from, ...planned(loaded, era.sql) })),
    ...watch.planned,
    sourceTotals: plannedTotals(loaded),
    probe,
    reopened: reopenedPeriods(contract.closedPeriods, spec.interval, (day) => addDays(day, 1)),
    baseFingerprint: installed.baseFingerprint ?? '',
    plainViewFingerprint: installed.viewFingerprint ?? '',
    functionPrefix: installed.functionPrefix,
    // By the planner alone, until the samples have run.
    estimate: estimateRun({ ...forecast, samples: [] }),
    warnings: seen.warnings,
  };
  const figures = await figureWarnings(session, shape, drafted.sourceTotals);
  const rehearsed = await rehearseOrRefuse(session, drafted, samples);
  if (typeof rehearsed === 'string') return { kind: 'refused', reasons: [rehearsed], warnings: seen.warnings };
  const { rehearsal, runs } = rehearsed;
  const comparisonMs = await withReadOnly(session, () => measureFence(session, drafted, samples));
  const fence = comparisonMs === null ? null : judgeFence({ ...drafted, comparisonMs }, spec.publication.maxFenceMs);
  const fenced = fence === null ? [] : [fence.warning];
  const found = [...figures, ...rehearsalWarnings(rehearsal), ...watch.warnings, ...dirtyWarnings(loaded), ...fenced];
  const warnings = [...seen.warnings, ...found];
  const estimate = { ...estimateRun({ ...forecast, samples: runs }), comparisonMs };
  const slow = fence?.reason == null ? [] : [fence.reason];
  const failed = [...rehearsalReasons(rehearsal), ...refusedAtOnce(spec, estimate.rowsOut), ...slow];
  if (failed.length > 0) return { kind: 'refused', reasons: failed, warnings, rehearsal };
  return { kind: 'plan', plan: { ...drafted, estimate, warnings }, rehearsal };
}

type Shape = Parameters<typeof keyRanges>[0];

/** What stands against it once the catalogue does not: found by asking models, the pipeline's probe, and earlier runs. */
async function askedReasons(
  session: Session,
  shape: Parameters<typeof modelReasons>[1],
  probe: PlannedProbe | null,
  secretOf: SecretOf,
): Promise<readonly string[]> {
  const { contract, spec } = shape;
  return [
    ...(await unrestoredReasons(session, formatName(contract.dataset))),
    ...(await withReadOnly(session, () => modelReasons(session, shape))),
    ...(spec.execution.pauseDuringLivePipeline ? await probeReasons(session, probe, secretOf) : []),
  ];
}

/** Who looks at the release, and with what it is compared. Measured once where the dataset can be read at all. */
async function planWatch(
  session: Session,
  { spec, loaded }: Documents,
  { shape, isReadable, secretOf }: { readonly shape: Shape; readonly isReadable: boolean; readonly secretOf: SecretOf },
): Promise<{
  readonly planned: Pick<BackfillPlan, 'keyRanges' | 'monitors' | 'additiveMeasures' | 'announce' | 'downstream'>;
  readonly reasons: readonly string[];
  readonly warnings: readonly string[];
}> {
  const ranges = {
    keyType: shape.keyType,
    keyRanges: isReadable ? await session.rows<KeyRange>(keyRanges(shape)) : [],
  };
  const monitors = plannedMonitors(spec, loaded, (file) => planned(loaded, file));
  const additive = Object.entries(loaded.contract.measures).filter(([, expression]) => isAdditive(expression));
  return {
    planned: {
      ...{ keyRanges: ranges.keyRanges, monitors, additiveMeasures: additive.map(([name]) => name) },
      announce: [...loaded.contract.announce, ...spec.publication.announce],
      downstream: isReadable ? await plannedDownstream(session, loaded.contract) : [],
    },
    reasons: isReadable ? await monitorReasons(session, ranges, monitors, secretOf) : [],
    warnings: monitorWarnings(spec, loaded, monitors),
  };
}

function plannedTotals(loaded: LoadedContract): BackfillPlan['sourceTotals'] {
  const totals = Object.entries(loaded.contract.sourceTotals);
  return Object.fromEntries(totals.map(([name, total]) => [name, plannedTotal(loaded, total)]));
}

/** What the rehearsal could not show is said, not passed over. */
function rehearsalWarnings({ partitions, checks }: Rehearsal): string[] {
  const empty = partitions.filter(({ rowsNew }) => rowsNew === 0).length;
  return [
    ...(empty > 0 ? [`${empty} of ${partitions.length} sample partitions yield no row`] : []),
    ...checks
      .filter(({ verdict }) => verdict === 'inconclusive')
      .map((check) => `inconclusive: ${describeCheck(check)}`),
  ];
}

function dirtyWarnings({ dirty, codeVersion }: LoadedContract): string[] {
  return dirty ? [`the contracts folder has uncommitted changes (${codeVersion})`] : [];
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
): Pick<
  BackfillPlan,
  | 'rowSecurity'
  | 'securityInvoker'
  | 'columns'
  | 'comparedColumns'
  | 'storedColumns'
  | 'auditColumns'
  | 'addedColumns'
  | 'viewColumns'
> {
  const columns = seen.table?.columns ?? [];
  const stored = columns.filter((column) => !column.generated).map((column) => column.name);
  const compared = seen.transform?.produced ?? [];
  return {
    rowSecurity: seen.table?.rowSecurity ?? NO_ROW_SECURITY,
    securityInvoker: isSecurityInvoker(seen.view?.options ?? []),
    columns,
    comparedColumns: compared,
    storedColumns: stored,
    auditColumns: stored.filter((name) => !compared.includes(name)),
    addedColumns: [],
    viewColumns: (seen.view?.columns ?? []).map((column) => column.name),
  };
}

function plannedProbe(loaded: LoadedContract): PlannedProbe | null {
  const probe = loaded.contract.livePipeline.running;
  return probe?.kind === 'sql' ? planned(loaded, probe.sql) : probe;
}

function plannedTotal(loaded: LoadedContract, { sql, csv, tolerance }: SourceTotal): PlannedTotal {
  const file = planned(loaded, csv ?? sql ?? '');
  return { ...file, tolerance, figures: csv === null ? null : readFigures(file.text) };
}

function planned(loaded: LoadedContract, file: string): PlannedSql {
  const content = loaded.files[file];
  if (content === undefined) throw new Error(`contract file ${file} was not read`);
  return { file, ...content };
}
