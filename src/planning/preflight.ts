import type { BackfillSpec } from '../domain/backfill-spec.ts';
import type { DatasetContract, LoadedContract } from '../domain/dataset-contract.ts';
import { formatName, sameName } from '../domain/names.ts';
import type { DirectReader, TableShape, ViewShape } from '../domain/table-shape.ts';
import { readTable, readView, viewWriters } from '../warehouse/postgres/catalogue.ts';
import { readDirectReaders } from '../warehouse/postgres/direct-readers.ts';
import { suffixedName } from '../warehouse/postgres/suffixed-name.ts';
import type { Session } from '../warehouse/session.ts';
import { sql } from '../warehouse/sql.ts';
import { comparisonReasons } from './comparison-checks.ts';
import { checkDependants } from './dependant-checks.ts';
import { expectationReasons } from './expectation-checks.ts';
import { columnReasons, tableReasons } from './table-checks.ts';
import type { TransformShape } from './transform-checks.ts';
import { checkTransforms } from './transform-checks.ts';
import { privilegeReasons } from './privilege-checks.ts';
import { obligedWarnings, readerRights, sortDirectReaders } from './reader-checks.ts';
import { rowSecurityReasons } from './row-security-checks.ts';
import { serverReasons } from './server-checks.ts';

/** What planning learnt of the warehouse, and every reason why the plan cannot stand. */
export interface Preflight {
  readonly reasons: readonly string[];
  readonly warnings: readonly string[];
  readonly table: TableShape | null;
  readonly view: ViewShape | null;
  readonly keyType: string;
  readonly transform: TransformShape | null;
}

/** Looks at everything and changes nothing: runs in a transaction that is rolled back. */
export async function preflight(session: Session, spec: BackfillSpec, loaded: LoadedContract): Promise<Preflight> {
  const { contract } = loaded;
  const table = await readTable(session, contract.dataset);
  const view = await readView(session, contract.publishedView, contract.dataset);
  const keyType = table?.columns.find((column) => column.name === contract.partition.key)?.type ?? 'date';
  const shape =
    table === null
      ? [
          `table ${formatName(contract.dataset)} does not exist; correct target.table in the spec and dataset in the contract`,
        ]
      : tableReasons(table, contract);
  const transform = table === null ? null : await checkTransforms(session, table, loaded, keyType);
  const readers =
    table === null || view === null
      ? []
      : await readDirectReaders(session, contract.dataset, { view: contract.publishedView });
  const sorted = view === null ? { past: readers, obliged: [] } : await sortDirectReaders(session, readers, view, spec);
  const rights =
    table === null || view === null
      ? { reasons: [], warnings: [] }
      : await readerRights(session, table, view, contract, formatName(shadowName(contract)));
  const dependants = table === null ? { reasons: [], warnings: [] } : await checkDependants(session, contract);
  return {
    table,
    view,
    keyType,
    transform,
    reasons: [
      ...(await serverReasons(session)),
      ...shape,
      ...dependants.reasons,
      ...(table === null ? [] : columnReasons(table, contract)),
      ...(table === null ? [] : expectationReasons(table, contract, spec.validation)),
      ...(table === null ? [] : await comparisonReasons(session, table)),
      ...viewReasons(view, contract),
      ...(view === null ? [] : await writerReasons(session, contract)),
      ...(transform?.reasons ?? []),
      ...readerReasons(sorted.past, spec),
      ...rights.reasons,
      ...(await nameReasons(session, spec, contract)),
      ...(table === null ? [] : await privilegeReasons(session, contract, transform?.reads ?? [], spec)),
      ...(table === null
        ? []
        : await rowSecurityReasons(session, table, contract, transform?.reads ?? [], shadowName(contract))),
    ],
    warnings: [
      ...readerWarnings(sorted.past, spec),
      ...obligedWarnings(sorted.obliged, formatName(contract.publishedView), formatName(contract.dataset)),
      ...rights.warnings,
      ...dependants.warnings,
      ...diskWarnings(table),
      ...unservedWarnings(contract),
    ],
  };
}

/** Why the view cannot be published through. */
export function viewReasons(
  view: ViewShape | null,
  contract: Pick<DatasetContract, 'dataset' | 'publishedView'>,
): string[] {
  const name = formatName(contract.publishedView);
  if (view === null)
    return [
      `published view ${name} does not exist; backfill adopt ${formatName(contract.dataset)} draws it up, or correct published_view in the contract`,
    ];
  if (view.kind !== 'v')
    return [`${name} is not a view; consumers must read through one, because publication changes what a view shows`];
  const reasons: string[] = [];
  if (!view.plain)
    reasons.push(
      `view ${name} is not a plain selection of columns of ${formatName(contract.dataset)} under their own names; publication cannot reshape it (an armed view left by a terminated run is undone by: backfill doctor)`,
    );
  if (view.options.some((option) => option.startsWith('check_option=')))
    reasons.push(
      `view ${name} has a check_option, which a view of several branches cannot have: ALTER VIEW ${name} RESET (check_option)`,
    );
  return reasons;
}

/** A view of several branches takes no writes: whoever writes through it would be stopped by publication. */
async function writerReasons(session: Session, contract: DatasetContract): Promise<string[]> {
  const view = formatName(contract.publishedView);
  const writers = await session.rows<{ role: string }>(viewWriters(contract.publishedView));
  return writers.map(
    ({ role }) =>
      `role ${role} may write through view ${view}, and could not once it is armed; let it write ${formatName(contract.dataset)} instead, then: REVOKE INSERT, UPDATE, DELETE ON ${view} FROM ${role}`,
  );
}

function readerReasons(readers: readonly DirectReader[], spec: BackfillSpec): string[] {
  return unaccepted(readers, spec).map(
    (reader) =>
      `${reader.kind} ${reader.name} reads ${formatName(spec.target.table)} past the published view and would not see the correction until consolidation; backfill adopt ${formatName(spec.target.table)} draws up how it reads the view, or accept that in publication.direct_readers`,
  );
}

function readerWarnings(readers: readonly DirectReader[], spec: BackfillSpec): string[] {
  const left = unaccepted(readers, spec);
  return readers
    .filter((reader) => !left.includes(reader))
    .map(
      (reader) =>
        `${reader.kind} ${reader.name} reads the base table past the view (accepted by the spec): it sees old history until consolidation, which is one transaction for its sake: late days wait for it`,
    );
}

function unaccepted(readers: readonly DirectReader[], spec: BackfillSpec): DirectReader[] {
  return readers.filter((reader) => !spec.publication.directReaders.includes(reader.name));
}

async function nameReasons(session: Session, spec: BackfillSpec, contract: DatasetContract): Promise<string[]> {
  const reasons: string[] = [];
  const shadow = shadowName(contract);
  for (const [name, what] of [
    [spec.rollback.snapshot, 'rollback.snapshot'],
    [shadow, 'the shadow table'],
  ] as const) {
    const { taken } = await session.one<{ taken: boolean }>(
      sql(
        'SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2) AS taken',
        name.schema,
        name.name,
      ),
    );
    if (taken)
      reasons.push(
        `${formatName(name)} (${what}) exists already and is not of this backfill; rename it, drop it, or choose another name`,
      );
  }
  if (sameName(spec.rollback.snapshot, shadow))
    reasons.push(`rollback.snapshot ${formatName(shadow)} is the name of the shadow table; choose another`);
  return reasons;
}

/** The base table's name, shortened by whole characters where it would be too long with the suffix. */
export function shadowName(contract: Pick<DatasetContract, 'dataset'>): DatasetContract['dataset'] {
  const { schema, name } = contract.dataset;
  return { schema, name: suffixedName(name, '_v2') };
}

function diskWarnings(table: TableShape | null): string[] {
  return table === null
    ? []
    : [
        `shadow and snapshot need about twice the interval's share of ${Math.ceil(table.bytes / 1e6)} MB; free disk of the server cannot be read through SQL, check it`,
      ];
}

/** What the contract says and this version does not do: never passed over in silence. */
function unservedWarnings(contract: DatasetContract): string[] {
  return [
    ...(contract.transform.rangeSafe
      ? ['transform.range_safe has no effect in this version: every partition is built by a statement of its own']
      : []),
  ];
}
