import pg from 'pg';
import type { AddedColumn } from '../domain/added-column.ts';
import { constantColumns } from '../domain/added-column.ts';
import type { BackfillPlan } from '../domain/backfill-plan.ts';
import { formatName } from '../domain/names.ts';
import { describeDrift } from '../domain/schema-drift.ts';
import { activeRelease } from '../ledger/releases.ts';
import { readTable, readView } from '../warehouse/postgres/catalogue.ts';
import type { ColumnDetails, ColumnToAdd } from '../warehouse/postgres/statements/added-columns.ts';
import {
  columnDetails,
  constantOrRefused,
  rowsBesideConstants,
} from '../warehouse/postgres/statements/added-columns.ts';
import type { Session } from '../warehouse/session.ts';
import { withRollback } from '../warehouse/session.ts';
import { sql } from '../warehouse/sql.ts';
import { comparisonReasons } from './comparison-checks.ts';
import { extendedLogic } from './extended-logic.ts';
import type { ContractNow, ExtendedLogic } from './extended-logic.ts';
import { lookForDrift } from './look-for-drift.ts';
import { planHashOf } from './plan-hash.ts';
import { columnReasons } from './table-checks.ts';

/** The plan with the columns that the base got since it was frozen. */
export interface Replan {
  readonly plan: BackfillPlan;
  readonly planHash: string;
  /** Of the plan that it replaces. */
  readonly replaces: string;
  /** New in the shadow; a column that was constant before and is yielded by the transform now is none of these. */
  readonly toAdd: readonly ColumnToAdd[];
  /** The transform is another than in the plan: everything is proved and built again. */
  readonly rebuild: boolean;
  readonly isPublished: boolean;
}

export type ReplanDraft =
  | { readonly kind: 'replan'; readonly replan: Replan }
  | { readonly kind: 'refused'; readonly reasons: readonly string[] };

/** Draws the plan up anew with the columns that were added; looks, changes nothing. Every reason against it at once. */
export async function draftReplan(
  session: Session,
  frozen: { readonly plan: BackfillPlan; readonly planHash: string },
  contract: ContractNow,
): Promise<ReplanDraft> {
  const { plan } = frozen;
  const table = formatName(plan.table);
  const active = await session.one<{ backfillId: string | null; consolidating: boolean }>(activeRelease(plan.dataset));
  const isPublished = active.backfillId === plan.backfillId;
  const refused = (...reasons: readonly string[]): ReplanDraft => ({ kind: 'refused', reasons });
  if (isPublished && active.consolidating)
    return refused(
      `corrected rows are moving into ${table}: a column that was added is left as the base has it, so nothing has to be carried`,
    );
  const drift = await lookForDrift(session, plan);
  if (drift !== null && drift.changes.length > 0)
    return refused(describeDrift(drift, { backfillId: plan.backfillId, table, isPublished }));
  const base = await readTable(session, plan.table);
  if (base === null) throw new Error(`${table} was dropped while it was looked at`);
  const added = await session.rows<ColumnDetails>(
    columnDetails(
      plan,
      (drift?.added ?? []).map(({ number }) => number),
    ),
  );
  const logic = await withRollback(session, () => extendedLogic(session, plan, base, contract));
  const filled = await fillAll(session, { plan, added, logic, isPublished });
  const reasons = [
    ...columnReasons(base, plan.contract),
    ...(await withRollback(session, () => comparisonReasons(session, base))),
    ...logic.reasons,
    ...filled.reasons,
  ];
  if (reasons.length > 0) return refused(...new Set([...reasons, ...logic.notes]));
  const rebuild = logic.changed !== null;
  if (added.length === 0 && !rebuild)
    return refused(
      `${table} has no column that the plan does not know, and the contract yields none more than before; there is nothing to carry`,
    );
  if (rebuild && isPublished)
    return refused(
      `readers see a release that was approved on the logic without ${logic.yields.join(', ')}; roll it back, replan, and publish again: backfill rollback ${plan.backfillId} --reason "<why>"`,
    );
  const shown = (await withRollback(session, () => readView(session, plan.view, plan.table)))?.columns ?? [];
  const next: BackfillPlan = {
    ...plan,
    ...logic.changed,
    columns: [...plan.columns, ...(drift?.added ?? [])],
    addedColumns: filled.columns,
    viewColumns: viewColumns(
      plan,
      added.map(({ name }) => name),
      shown.map(({ name }) => name),
    ),
    baseFingerprint: await fingerprintOf(session, plan),
  };
  const toAdd = added.map((column) => ({
    column,
    filledBy: filled.columns.find(({ name }) => name === column.name)?.filledBy ?? 'default',
  }));
  return {
    kind: 'replan',
    replan: { plan: next, planHash: planHashOf(next), replaces: frozen.planHash, toAdd, rebuild, isPublished },
  };
}

/**
 * A view that showed every column goes on doing so. One that is a selection stays one: what its owner leaves out may be
 * left out on purpose, and what the owner put at its end meanwhile is taken over.
 */
function viewColumns(plan: BackfillPlan, added: readonly string[], shown: readonly string[]): readonly string[] {
  const taken = shown.slice(plan.viewColumns.length).filter((name) => added.includes(name));
  const showsAll = plan.columns.every(({ name }) => plan.viewColumns.includes(name));
  return [...plan.viewColumns, ...taken, ...(showsAll ? added.filter((name) => !taken.includes(name)) : [])];
}

async function fingerprintOf(session: Session, plan: BackfillPlan): Promise<string> {
  const { fingerprint } = await session.one<{ fingerprint: string }>(
    sql(
      'SELECT governance.relation_fingerprint(base_table) AS fingerprint FROM governance.datasets WHERE dataset = $1',
      plan.dataset,
    ),
  );
  return fingerprint;
}

interface Filling {
  readonly plan: BackfillPlan;
  readonly added: readonly ColumnDetails[];
  readonly logic: ExtendedLogic;
  readonly isPublished: boolean;
}

/** Where the values of every added column come from, older ones included; each that has none to offer is a reason. */
async function fillAll(
  session: Session,
  { plan, added, logic, isPublished }: Filling,
): Promise<{ readonly columns: readonly AddedColumn[]; readonly reasons: readonly string[] }> {
  const table = formatName(plan.table);
  const reasons: string[] = [];
  const columns: AddedColumn[] = plan.addedColumns.map((one) =>
    logic.yields.includes(one.name) ? { name: one.name, filledBy: 'transform', value: null } : one,
  );
  for (const column of added) {
    const { name, generated, expression } = column;
    if (generated === 's' && isPublished)
      reasons.push(
        `column ${name} of ${table} is stored by the server: adding it would write the overlay anew under its readers. Roll the release back first, or let it be consolidated`,
      );
    if (generated !== '') columns.push({ name, filledBy: 'server', value: null });
    else if (logic.yields.includes(name)) columns.push({ name, filledBy: 'transform', value: null });
    else if (expression !== null && !(await isConstant(session, column)))
      reasons.push(
        `column ${name} of ${table} has the default ${expression}, which is no constant, so the corrected rows would hold other values than the base; ${extend(plan, name)}`,
      );
    else columns.push({ name, filledBy: 'default', value: expression ?? 'NULL' });
  }
  const constants = constantColumns({ addedColumns: columns });
  if (constants.length === 0) return { columns, reasons };
  const { counts } = await session.one<{ counts: number[] }>(rowsBesideConstants(plan, constants));
  constants.forEach(({ name, value }, index) => {
    if (counts[index] !== 0)
      reasons.push(
        `${counts[index]} rows of the interval hold something else than ${value} in column ${name} of ${table}, and readers would miss it; ${extend(plan, name)}`,
      );
  });
  return { columns, reasons };
}

function extend({ backfillId }: BackfillPlan, name: string): string {
  return `extend the transform of the contract so that it yields ${name}, then: backfill replan ${backfillId} --plan`;
}

/** The server is asked by trying. */
async function isConstant(session: Session, { type, expression }: ColumnDetails): Promise<boolean> {
  return withRollback(session, () => session.change(constantOrRefused(type, expression ?? 'NULL'))).then(
    () => true,
    (error: unknown) => {
      // 42P17: not immutable; 0A000: a sub-query or another row; 42501: a function that the worker may not call.
      if (error instanceof pg.DatabaseError && ['42P17', '0A000', '42501'].includes(error.code ?? '')) return false;
      throw error;
    },
  );
}
