import { createHash } from 'node:crypto';
import type { ReaderByHand } from '../../domain/adoption.ts';
import { literal } from '../../warehouse/sql.ts';
import type { AdoptionFacts } from './read-facts.ts';

/** Statements that stop a script whose world is not the one that was reviewed: nothing was changed then. */
export function adoptionGuards(facts: AdoptionFacts, releaseId: string): string[] {
  const { baseText, oid } = facts.table;
  return [
    refuse(
      `EXISTS (SELECT FROM pg_class WHERE oid = to_regclass(${literal(baseText)}) AND relkind NOT IN ('r', 'p'))`,
      `${baseText} is no table: this script was run already, or the table is not where it was; nothing was changed`,
    ),
    refuse(
      `to_regclass(${literal(baseText)})::oid IS DISTINCT FROM ${oid}::oid`,
      `${baseText} is not the table that was reviewed; draw the adoption up again`,
    ),
    refuse(
      `EXISTS (SELECT FROM governance.data_releases WHERE release_id = ${literal(releaseId)} AND state = 'rolled_back')`,
      `${releaseId} was run and undone; draw the adoption up again`,
    ),
    noRun(oid),
    ...facts.relations.flatMap((one) =>
      'definition' in one.repointed
        ? [
            refuse(
              changed(viewText(one.name), one.definition, one.repointed.definition),
              `${one.kind} ${one.name} is not defined as it was reviewed; draw the adoption up again`,
            ),
          ]
        : [],
    ),
    ...facts.functions.flatMap((one) =>
      one.repointed !== null && 'definition' in one.repointed
        ? [
            refuse(
              changed(functionText(one.signature), one.definition, one.repointed.definition),
              `function ${one.signature} is not defined as it was reviewed; draw the adoption up again`,
            ),
          ]
        : [],
    ),
  ];
}

/** The definition is none of these; also where the reader is gone. */
function changed(text: string, ...definitions: readonly string[]): string {
  return `(${hashOf(text)} IN (${definitions.map((one) => literal(md5(one))).join(', ')})) IS NOT TRUE`;
}

/** The definition is still this one. */
export function unchanged(text: string, definition: string): string {
  return `${hashOf(text)} = ${literal(md5(definition))}`;
}

export function viewText(name: string): string {
  return `pg_get_viewdef(to_regclass(${literal(name)}))`;
}

export function functionText(signature: string): string {
  return `pg_get_functiondef(to_regprocedure(${literal(signature)}))`;
}

/** Of its UTF-8, whatever the encoding of the database. */
function hashOf(text: string): string {
  return `md5(convert_to(${text}, 'UTF8'))`;
}

function md5(text: string): string {
  return createHash('md5').update(text, 'utf8').digest('hex');
}

/** Roles lose their right on the table: what still reads it with their rights would fail for them. */
export function byHandGuards(byHand: readonly ReaderByHand[]): string[] {
  return byHand.flatMap(({ kind, name, unchanged }) =>
    unchanged === null
      ? []
      : [
          refuse(
            unchanged,
            `${kind} ${name} still reads the table past the view: change it first, or leave it with --leave; nothing was changed`,
          ),
        ],
  );
}

/** While a backfill works on the table, its view and its readers stay as they are. */
export function noRun(oid: number): string {
  return refuse(
    `EXISTS (SELECT FROM governance.datasets d WHERE d.base_table = ${oid}::oid AND (EXISTS (SELECT FROM governance.backfill_runs r WHERE r.dataset = d.dataset AND r.ended_at IS NULL) OR EXISTS (SELECT FROM governance.active_releases a WHERE a.dataset = d.dataset AND a.backfill_id IS NOT NULL)))`,
    'a backfill is at work on this table, or its release is shown; wait until it has ended. Nothing was changed',
  );
}

export function refuse(condition: string, message: string): string {
  const text = `IF ${condition} THEN RAISE EXCEPTION USING MESSAGE = ${literal(message)}, ERRCODE = '55000'; END IF;`;
  return `DO ${dollarQuoted(`BEGIN ${text} END`)};`;
}

/** A tag that does not occur in the text. */
function dollarQuoted(text: string): string {
  let tag = '$guard$';
  for (let n = 1; text.includes(tag); n += 1) tag = `$guard${n}$`;
  return `${tag}${text}${tag}`;
}
