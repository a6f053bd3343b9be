import type { KeptOfMaterialised, ReadingRelation } from '../adoption/reading-relations.ts';
import { suffixedName } from '../suffixed-name.ts';
import { ident, literal } from '../../sql.ts';
import { replaceView } from './adopt-view.ts';

/** A materialised view cannot be replaced. A second one is filled beside it, which nobody waits for, and takes its place afterwards. */
export function fillBeside(
  view: ReadingRelation,
  kept: KeptOfMaterialised,
  definition: string,
  filled = kept.populated,
): string[] {
  const beside = besideName(view);
  const options = view.options.length === 0 ? '' : ` WITH (${view.options.join(', ')})`;
  const query = definition.trim().replace(/;$/, '');
  return [
    `CREATE MATERIALIZED VIEW ${beside} USING ${kept.accessMethod}${options} AS\n${query}\nWITH NO DATA;`,
    // Filled as its owner, as every refresh is: what its query calls must not run with the rights of an administrator.
    `ALTER MATERIALIZED VIEW ${beside} OWNER TO ${view.owner};`,
    ...(filled ? [`REFRESH MATERIALIZED VIEW ${beside};`] : []),
    ...kept.columns.flatMap(({ name, target }) =>
      target === null ? [] : [`ALTER MATERIALIZED VIEW ${beside} ALTER COLUMN ${name} SET STATISTICS ${target};`],
    ),
    ...kept.indexes.map((index) => `${indexBeside(view, index)};`),
  ];
}

/** Takes the place of the present one, which is dropped after the views on it were bound to the new one. */
export function takePlace(
  view: ReadingRelation,
  kept: KeptOfMaterialised,
  /** Of each view on it, by name. */
  definitions: ReadonlyMap<string, string>,
): string[] {
  const inSchema = (name: string): string => `${ident(view.schema)}.${ident(name)}`;
  const old = suffixedName(view.bareName, '__before');
  return [
    `SET LOCAL lock_timeout = '1500ms';`,
    `ALTER MATERIALIZED VIEW ${view.name} RENAME TO ${ident(old)};`,
    `ALTER MATERIALIZED VIEW ${besideName(view)} RENAME TO ${ident(view.bareName)};`,
    ...kept.views.map((one) => replaceView(one, definitions.get(one.name) ?? one.definition)),
    `DROP MATERIALIZED VIEW ${inSchema(old)};`,
    ...kept.indexes.flatMap((index) => [
      `ALTER INDEX ${inSchema(suffixedName(index.bareName, '__adopted'))} RENAME TO ${ident(index.bareName)};`,
      ...(index.comment === null ? [] : [`COMMENT ON INDEX ${index.name} IS ${literal(index.comment)};`]),
      ...(index.clustered ? [`ALTER MATERIALIZED VIEW ${view.name} CLUSTER ON ${ident(index.bareName)};`] : []),
    ]),
    ...kept.grants.map(
      ({ to, what, grantable }) => `GRANT ${what} ON ${view.name} TO ${to}${grantable ? ' WITH GRANT OPTION' : ''};`,
    ),
    ...(kept.comment === null ? [] : [`COMMENT ON MATERIALIZED VIEW ${view.name} IS ${literal(kept.comment)};`]),
    ...kept.columns.flatMap(({ name, comment }) =>
      comment === null ? [] : [`COMMENT ON COLUMN ${view.name}.${name} IS ${literal(comment)};`],
    ),
    `SET LOCAL lock_timeout = '200ms';`,
  ];
}

function besideName(view: ReadingRelation): string {
  return `${ident(view.schema)}.${ident(suffixedName(view.bareName, '__adopted'))}`;
}

/** The server prints `CREATE [UNIQUE] INDEX name ON table`, and what stands before the table is replaced. */
function indexBeside(view: ReadingRelation, index: KeptOfMaterialised['indexes'][number]): string {
  const [start, ...rest] = index.definition.split(` ON ${view.name} `);
  const unique = start?.startsWith('CREATE UNIQUE INDEX ') ? 'UNIQUE ' : '';
  return `CREATE ${unique}INDEX ${ident(suffixedName(index.bareName, '__adopted'))} ON ${besideName(view)} ${rest.join(` ON ${view.name} `)}`;
}
