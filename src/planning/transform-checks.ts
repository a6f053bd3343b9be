import pg from 'pg';
import type { LoadedContract } from '../domain/dataset-contract.ts';
import type { QualifiedName } from '../domain/names.ts';
import { formatName } from '../domain/names.ts';
import type { TableShape } from '../domain/table-shape.ts';
import { bindNamed } from '../spec/sql-parameters.ts';
import { describeQuery } from '../warehouse/postgres/catalogue.ts';
import { TRANSFORM_PARAMETERS } from '../warehouse/postgres/statements/corrected-rows.ts';
import { TOTALS_PARAMETERS } from '../warehouse/postgres/statements/independent-figures.ts';
import type { Session } from '../warehouse/session.ts';
import { ident, sql } from '../warehouse/sql.ts';

export interface TransformShape {
  readonly reasons: readonly string[];
  /** Columns every era produces, in the table's order. */
  readonly produced: readonly string[];
  readonly reads: readonly QualifiedName[];
}

/**
 * Prepares every statement of the contract against the server and compares names and types with the table. `compared`: what
 * the trusted logic must yield too; without it, whatever the corrected logic yields.
 */
export async function checkTransforms(
  session: Session,
  table: TableShape,
  loaded: LoadedContract,
  keyType: string,
  compared?: readonly string[],
): Promise<TransformShape> {
  const { contract, files } = loaded;
  const reasons: string[] = [];
  const reads = new Map<string, QualifiedName>();
  const describe = async (file: string, names: readonly string[]): Promise<{ name: string; type: string }[]> => {
    const text = files[file]?.text ?? '';
    const query = bindNamed(
      text,
      names,
      names.map(() => `NULL::${keyType}`),
    ).text;
    try {
      const found = await describeQuery(session, query);
      for (const relation of found.reads) reads.set(formatName(relation), relation);
      return found.columns;
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error;
      await session.change(sql('ROLLBACK TO SAVEPOINT described'));
      reasons.push(await refusal(session, file, error));
      return [];
    }
  };

  let produced: string[] | null = null;
  for (const era of contract.transform.corrected) {
    const yields = await describe(era.sql, TRANSFORM_PARAMETERS);
    if (yields.length === 0) continue;
    reasons.push(...outputReasons(era.sql, yields, table));
    const names = inTableOrder(table, yields);
    if (produced !== null && produced.join() !== names.join())
      reasons.push(
        `${era.sql}: yields other columns (${names.join(', ')}) than the eras before it (${produced.join(', ')})`,
      );
    produced ??= names;
  }
  for (const [name, total] of Object.entries(contract.sourceTotals)) {
    if (total.sql === null) continue;
    const yields = await describe(total.sql, TOTALS_PARAMETERS);
    const shape = yields.map((column) => column.name).join(', ');
    if (yields.length > 0 && shape !== 'partition_start, value')
      reasons.push(`${total.sql}: source total ${name} must yield partition_start, value; it yields ${shape}`);
    if (contract.measures[name] === undefined)
      reasons.push(
        `source total ${name} has no measure of the same name to be compared with; the contract has ${Object.keys(contract.measures).join(', ')}`,
      );
  }
  for (const trusted of contract.transform.trusted) {
    const yields = await describe(trusted.sql, TRANSFORM_PARAMETERS);
    if (yields.length === 0) continue;
    reasons.push(...outputReasons(trusted.sql, yields, table));
    const missing = (compared ?? produced ?? []).filter((name) => !yields.some((column) => column.name === name));
    if (missing.length > 0)
      reasons.push(
        `${trusted.sql}: does not yield ${missing.join(', ')}, which the corrected logic yields; history cannot be compared with it`,
      );
  }
  const probe = contract.livePipeline.running;
  if (probe?.kind === 'sql') {
    const yields = await describe(probe.sql, []);
    const shape = yields.map((column) => column.name).join(', ');
    if (yields.length > 0 && shape !== 'running, since, name')
      reasons.push(`${probe.sql}: a probe must yield running, since, name; it yields ${shape}`);
  }
  return { reasons, produced: produced ?? [], reads: [...reads.values()] };
}

function inTableOrder(table: TableShape, yields: readonly { name: string }[]): string[] {
  return table.columns.map(({ name }) => name).filter((name) => yields.some((column) => column.name === name));
}

/** The server names a schema that may not be used by its message alone. */
async function refusal(session: Session, file: string, error: pg.DatabaseError): Promise<string> {
  const schema = error.code === '42501' ? /\bschema "?([^"]+?)"?$/.exec(error.message)?.[1] : undefined;
  if (schema === undefined) return `${file}: the server refuses it: ${error.message}`;
  const { worker } = await session.one<{ worker: string }>(sql('SELECT current_user AS worker'));
  return `${file}: ${worker} may not use schema ${schema}: GRANT USAGE ON SCHEMA ${ident(schema)} TO ${ident(worker)}`;
}

function outputReasons(file: string, yields: readonly { name: string; type: string }[], table: TableShape): string[] {
  const name = formatName(table.name);
  const known = new Map(table.columns.map((column) => [column.name, column]));
  const reasons: string[] = [];
  for (const column of yields) {
    const target = known.get(column.name);
    if (target === undefined) reasons.push(`${file}: yields column ${column.name}, which ${name} does not have`);
    else if (target.generated)
      reasons.push(
        `${file}: yields column ${column.name}, which the server computes by itself in ${name}; leave it out`,
      );
    else if (family(target.type) !== family(column.type) || losesDigits(column.type, target.type))
      reasons.push(`${file}: column ${column.name} is ${column.type}, in ${name} it is ${target.type}; cast it`);
  }
  for (const column of table.columns)
    if (
      !column.generated &&
      !column.identity &&
      !column.hasDefault &&
      column.notNull &&
      !yields.some((one) => one.name === column.name)
    )
      reasons.push(`${file}: does not yield column ${column.name} of ${name}, which is NOT NULL and has no default`);
  return reasons;
}

/** An INSERT rounds a fraction to an integer and says nothing. */
function losesDigits(from: string, to: string): boolean {
  return from.startsWith('numeric') && !to.startsWith('numeric');
}

/** Types that an INSERT converts without losing a digit count as one; everything else must be the same. */
function family(type: string): string {
  const bare = type.replace(/\(.*\)/, '');
  if (['smallint', 'integer', 'bigint', 'numeric'].includes(bare)) return 'exact number';
  if (['text', 'character varying'].includes(bare)) return 'text';
  return bare;
}
