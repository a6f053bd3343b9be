import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import type { CaptureMode } from '../domain/dataset-contract.ts';
import type { QualifiedName } from '../domain/names.ts';
import { formatName } from '../domain/names.ts';
import { ident, inFormat, literal, qualified } from '../warehouse/sql.ts';

export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly text: string;
  readonly sha256: string;
}

const MIGRATIONS = new URL('./migrations/', import.meta.url);
const ELEVATED = new URL('./elevated/', import.meta.url);

/** The numbered migrations of this version, in order. */
export function migrationsExpected(): readonly Migration[] {
  return readdirSync(MIGRATIONS)
    .filter((file) => /^\d{4}_.+\.sql$/.test(file))
    .sort()
    .map((name) => {
      const text = readFileSync(new URL(name, MIGRATIONS), 'utf8');
      return { number: Number(name.slice(0, 4)), name, text, sha256: sha256(text) };
    });
}

export interface DatasetNames {
  readonly dataset: QualifiedName;
  readonly view: QualifiedName;
  readonly tableOwner: string;
  readonly viewOwner: string;
  readonly worker: string;
  readonly ledgerOwner: string;
  readonly key: { readonly name: string; readonly type: string };
  readonly capture: CaptureMode;
}

/** The reviewed script of one dataset: functions pinned to its table and view, owned by their owners, callable by the worker. */
export function datasetScript(names: DatasetNames): {
  readonly text: string;
  readonly sha256: string;
  readonly prefix: string;
} {
  const dataset = formatName(names.dataset);
  const prefix = functionPrefix(dataset);
  const values: Record<string, string> = {
    dataset: literal(dataset),
    dataset_text: inFormat(dataset),
    base: qualified(names.dataset),
    base_literal: literal(qualified(names.dataset)),
    base_in_literal: inFormat(qualified(names.dataset)),
    view: literal(qualified(names.view)),
    view_text: inFormat(formatName(names.view)),
    view_in_literal: inFormat(qualified(names.view)),
    view_schema: ident(names.view.schema),
    table_owner: ident(names.tableOwner),
    view_owner: ident(names.viewOwner),
    worker: ident(names.worker),
    ledger_owner: ident(names.ledgerOwner),
    key: ident(names.key.name),
    key_literal: literal(names.key.name),
    key_in_literal: inFormat(ident(names.key.name)),
    key_type: names.key.type,
    prefix: literal(prefix),
    mark_dirty_text: `${prefix}_mark_dirty`,
  };
  for (const action of [
    'mark_dirty',
    'attach_capture',
    'detach_capture',
    'prove_capture',
    'fence',
    'consolidate',
    'changed',
    'differences',
    'view_bodies',
    'view_shape',
    'shape_view',
  ])
    values[action] = ident(`${prefix}_${action}`);
  const files = ['dataset-functions.sql', ...(names.capture === 'triggers' ? ['capture-functions.sql'] : [])];
  const body = fill(files.map((file) => readFileSync(new URL(file, ELEVATED), 'utf8')).join('\n'), values);
  const hash = sha256(body);
  return { text: fill(body, { script_sha256: literal(hash) }), sha256: hash, prefix };
}

/** The grants that let the worker use the ledger and no more. */
export function ledgerGrants(worker: string): string {
  return fill(readFileSync(new URL('ledger-grants.sql', ELEVATED), 'utf8'), { worker: ident(worker) });
}

/** Unlike any other dataset's, and short enough for the longest action after it. */
export function functionPrefix(dataset: string): string {
  return `${dataset
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .slice(0, 36)}_${sha256(dataset).slice(0, 8)}`;
}

/** Replaces `{{name}}`; a name without a value stays, for a later pass. */
function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => values[name] ?? whole);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
