import type { RowSecurity } from './row-security.ts';
import { rowSecurityChanges } from './row-security.ts';
import type { ColumnShape } from './table-shape.ts';
import { isSecurityInvoker } from './view-rights.ts';

/** Base table and view as the plan has them. */
export interface PlannedSchema {
  /** For people. */
  readonly table: string;
  readonly view: string;
  readonly columns: readonly ColumnShape[];
  readonly viewColumns: readonly string[];
  /** Columns that a replan added: a view that was not reshaped since still lacks them. */
  readonly addedColumns: readonly { readonly name: string }[];
  readonly rowSecurity: RowSecurity;
  readonly securityInvoker: boolean;
}

export type Identity = 'planned' | 'another' | 'gone';

/** What the catalogue says of them now. */
export interface FoundSchema {
  /** Is what has this name the relation that was planned? */
  readonly table: Identity;
  readonly view: Identity;
  readonly columns: readonly ColumnShape[];
  readonly viewColumns: readonly string[];
  /** Its definition is one of those that this run gives it, over the columns that it has now. */
  readonly viewIsKnown: boolean;
  readonly viewOptions: readonly string[];
  /** Of the table that was planned. */
  readonly rowSecurity: RowSecurity;
}

/** How the warehouse left the plan. */
export interface SchemaDrift {
  /** New columns of the base: a replan may carry them. */
  readonly added: readonly ColumnShape[];
  /** Everything else, one sentence each: the plan cannot follow it. */
  readonly changes: readonly string[];
}

/** Null: base and view are those of the plan. */
export function schemaDrift(planned: PlannedSchema, found: FoundSchema): SchemaDrift | null {
  const replaced = [
    ...identityChange('table', planned.table, found.table),
    ...identityChange('view', planned.view, found.view),
  ];
  if (replaced.length > 0) return { added: [], changes: replaced };
  const added = found.columns.filter((column) => !isPlanned(planned, column));
  const columns = columnChanges(planned, found);
  // A renamed or dropped column changes the text of the view as well: that is no second finding.
  // So it does that of the policies.
  const changes =
    columns.length > 0
      ? columns
      : [
          ...viewChanges(planned, found, added),
          ...rowSecurityChanges(planned.table, planned.rowSecurity, found.rowSecurity),
        ];
  return added.length + changes.length === 0 ? null : { added, changes };
}

/** The plain words for it, and what a person can do: carry an added column, undo anything else. */
export function describeDrift(
  { added, changes }: SchemaDrift,
  { backfillId, table, isPublished }: { backfillId: string; table: string; isPublished: boolean },
): string {
  const said = [...changes, ...added.map((column) => describeAdded(table, column))].join('; ');
  return `${said}. ${changes.length > 0 ? undoing(changes.length, backfillId, isPublished) : carrying(added.length, backfillId, isPublished)}`;
}

function undoing(count: number, backfillId: string, isPublished: boolean): string {
  const giveUp = isPublished ? 'rollback' : 'abort';
  return `Undo ${count === 1 ? 'that' : 'those changes'}, then: backfill retry ${backfillId}; or give up: backfill ${giveUp} ${backfillId} --reason "<why>"`;
}

function carrying(count: number, backfillId: string, isPublished: boolean): string {
  const them = count === 1 ? 'it' : 'them';
  const review = `Review what carries ${them} into shadow and view: backfill replan ${backfillId} --plan`;
  return isPublished
    ? `${review}; or leave ${them}: the base has ${them}, and the view may get ${them} when the corrected rows are in the base`
    : `${review}; or drop ${them} again, then: backfill retry ${backfillId}; or give up: backfill abort ${backfillId} --reason "<why>"`;
}

/** `column currency (text, may be null, no default) was added to finance.sales`. */
export function describeAdded(table: string, column: ColumnShape): string {
  const { name, type, notNull, hasDefault, generated } = column;
  const filled = generated ? 'computed by the server' : hasDefault ? 'with a default' : 'no default';
  return `column ${name} (${type}, ${notNull ? 'never null' : 'may be null'}, ${filled}) was added to ${table}`;
}

function identityChange(kind: 'table' | 'view', name: string, identity: Identity): string[] {
  switch (identity) {
    case 'planned':
      return [];
    case 'gone':
      return [`${kind} ${name} was dropped or renamed`];
    case 'another':
      return [`another ${kind} than the planned one is called ${name} by now`];
  }
}

/** By name as well: a column that was dropped and made again is a change of the planned one, not a new one. */
function isPlanned({ columns }: PlannedSchema, { number, name }: ColumnShape): boolean {
  return columns.some((planned) => planned.number === number || planned.name === name);
}

function columnChanges({ table, columns }: PlannedSchema, found: FoundSchema): string[] {
  return columns.flatMap((planned) => {
    const now = found.columns.find(({ number }) => number === planned.number);
    const about = `column ${planned.name} of ${table}`;
    if (now === undefined)
      return found.columns.some(({ name }) => name === planned.name)
        ? [`${about} was dropped and added anew, so its rows no longer hold what was planned with`]
        : [`${about} was dropped`];
    return [
      ...(now.name === planned.name ? [] : [`${about} is called ${now.name} by now`]),
      ...(now.type === planned.type ? [] : [`${about} is ${now.type} by now and was planned as ${planned.type}`]),
      ...(now.notNull === planned.notNull ? [] : [`${about} ${now.notNull ? 'may not' : 'may'} be null by now`]),
      ...(now.generated === planned.generated
        ? []
        : [`${about} is ${now.generated ? '' : 'no longer '}computed by the server by now`]),
    ];
  });
}

function viewChanges(planned: PlannedSchema, found: FoundSchema, added: readonly ColumnShape[]): string[] {
  const { view } = planned;
  const options = found.viewOptions.filter((option) => isOfNoUse(option));
  const redefined = `somebody changed the definition of ${view}: it is none that this run gives it`;
  if (options.length > 0) return [`view ${view} was given ${options.join(', ')}, which a published view cannot have`];
  if (isSecurityInvoker(found.viewOptions) !== planned.securityInvoker) return [otherRights(planned)];
  if (!found.viewIsKnown || !startsAlike(planned, found.viewColumns)) return [redefined];
  const extra = found.viewColumns.slice(planned.viewColumns.length);
  const strangers = extra.filter((name) => !added.some((column) => column.name === name));
  return strangers.length === 0 ? [] : [`view ${view} shows more than planned: ${strangers.join(', ')}`];
}

/** Nothing planned is missing or elsewhere, but for the columns that a replan put at the end. */
function startsAlike({ viewColumns, addedColumns }: PlannedSchema, shown: readonly string[]): boolean {
  const missing = viewColumns.slice(shown.length);
  return (
    viewColumns.slice(0, shown.length).every((name, index) => name === shown[index]) &&
    missing.every((name) => addedColumns.some((added) => added.name === name))
  );
}

/** The overlay is granted to those who need it by the plan: the view's owner, or each of its readers. */
function otherRights({ view, securityInvoker }: PlannedSchema): string {
  const [readers, owner] = ['the rights of its readers (security_invoker)', 'the rights of its owner'];
  return securityInvoker
    ? `view ${view} reads with ${owner} by now, and was planned with ${readers}`
    : `view ${view} reads with ${readers} by now, and was planned with ${owner}`;
}

/** Those that a plan refuses: branches cannot check rows. */
function isOfNoUse(option: string): boolean {
  return option.startsWith('check_option=');
}
