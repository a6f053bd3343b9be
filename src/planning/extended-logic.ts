import { builtColumns } from '../domain/added-column.ts';
import type { BackfillPlan, PlannedEra } from '../domain/backfill-plan.ts';
import type { DatasetContract, LoadedContract, TransformEra } from '../domain/dataset-contract.ts';
import { formatName } from '../domain/names.ts';
import type { TableShape } from '../domain/table-shape.ts';
import { canonicalJson } from '../spec/canonical-json.ts';
import type { Session } from '../warehouse/session.ts';
import { privilegeReasons } from './privilege-checks.ts';
import { checkTransforms } from './transform-checks.ts';

/** The contract as it is in the folder now, or every problem with it. */
export type ContractNow =
  { readonly ok: true; readonly loaded: LoadedContract } | { readonly ok: false; readonly problems: readonly string[] };

export interface ExtendedLogic {
  readonly reasons: readonly string[];
  /** Why the contract in the folder was of no use; worth telling where a column finds its values nowhere else. */
  readonly notes: readonly string[];
  /** Columns that the transform yields and the plan's logic does not. */
  readonly yields: readonly string[];
  /** What of the plan is another by it; null where the plan's own logic stays. */
  readonly changed: Pick<
    BackfillPlan,
    'eras' | 'trusted' | 'contract' | 'contractSha256' | 'codeVersion' | 'contractsDirty'
  > | null;
}

const SAME: ExtendedLogic = { reasons: [], notes: [], yields: [], changed: null };

/**
 * Does the contract, as it is now, yield columns that were added to the base? Where it does, it takes the place of the
 * plan's logic; everything else about it must be as it was. Where it does not, what is in the folder is none of the run's
 * business: the plan holds its own copy. In a transaction of the caller's.
 */
export async function extendedLogic(
  session: Session,
  plan: BackfillPlan,
  base: TableShape,
  now: ContractNow,
): Promise<ExtendedLogic> {
  if (!now.ok)
    return { ...SAME, notes: [`the contract of ${formatName(plan.table)} cannot be read: ${now.problems.join('; ')}`] };
  if (now.loaded.sha256 + textsOf(now.loaded) === plan.contractSha256 + textsOfPlan(plan)) return SAME;
  const { loaded } = now;
  const { contract } = loaded;
  const before = builtColumns(plan);
  const found = await checkTransforms(session, base, loaded, plan.keyType, plan.comparedColumns);
  const added = new Set(base.columns.map(({ name }) => name).filter((name) => isAdded(plan, name)));
  const yields = found.produced.filter((name) => added.has(name) && !before.includes(name));
  if (yields.length === 0) return { ...SAME, notes: found.reasons };
  const other = found.produced.filter((name) => !added.has(name) && !before.includes(name));
  const missing = before.filter((name) => !found.produced.includes(name));
  return {
    yields,
    notes: [],
    reasons: [
      ...found.reasons,
      ...changesBeside(plan.contract, contract).map(
        (field) =>
          `${field} of the contract is another than in the plan: a replan carries added columns alone; restore it, or abort and start another backfill`,
      ),
      ...other.map(
        (name) =>
          `the transform yields ${name} by now, which the plan fills by its default: a replan carries added columns alone`,
      ),
      ...missing.map((name) => `the transform does not yield ${name} any more, which the plan compares`),
      ...(await privilegeReasons(session, contract, found.reads, plan.spec)),
    ],
    changed: {
      eras: planned(loaded, contract.transform.corrected),
      trusted: planned(loaded, contract.transform.trusted),
      contract,
      contractSha256: loaded.sha256,
      codeVersion: loaded.codeVersion,
      contractsDirty: loaded.dirty,
    },
  };
}

function isAdded({ columns, addedColumns }: BackfillPlan, name: string): boolean {
  return !columns.some((column) => column.name === name) || addedColumns.some((column) => column.name === name);
}

function planned(loaded: LoadedContract, eras: readonly TransformEra[]): PlannedEra[] {
  return eras.map(({ from, sql: file }) => {
    const content = loaded.files[file];
    if (content === undefined) throw new Error(`contract file ${file} was not read`);
    return { from, file, ...content };
  });
}

/** Fields whose change is more than a column that is yielded as well. A SQL file may have another name. */
function changesBeside(before: DatasetContract, now: DatasetContract): string[] {
  const fields = (Object.keys(now) as (keyof DatasetContract)[]).filter((field) => field !== 'transform');
  const begins = (eras: readonly TransformEra[]): string[] => eras.map(({ from }) => from);
  const eras = (['corrected', 'trusted'] as const).filter(
    (kind) => !same(begins(before.transform[kind]), begins(now.transform[kind])),
  );
  return [
    ...fields.filter((field) => !same(before[field], now[field])),
    ...eras.map((kind) => `the eras of transform.${kind}`),
  ];
}

function textsOf(loaded: LoadedContract): string {
  const { corrected, trusted } = loaded.contract.transform;
  return [...corrected, ...trusted].map(({ sql: file }) => loaded.files[file]?.sha256 ?? '').join();
}

function textsOfPlan({ eras, trusted }: BackfillPlan): string {
  return [...eras, ...trusted].map(({ sha256 }) => sha256).join();
}

function same(one: unknown, other: unknown): boolean {
  return canonicalJson(one) === canonicalJson(other);
}
