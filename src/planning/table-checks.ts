import type { DatasetContract } from '../domain/dataset-contract.ts';
import { formatName } from '../domain/names.ts';
import type { TableShape } from '../domain/table-shape.ts';

/** Below this size a scan without an index is cheap enough to do once a partition. */
const SMALL_TABLE_BYTES = 64e6;
const KEY_TYPES = ['date', 'timestamp without time zone', 'timestamp with time zone'];

/** Everything about the base table as a whole that stands against a backfill. */
export function tableReasons(table: TableShape, contract: DatasetContract): string[] {
  const name = formatName(table.name);
  const { key } = contract.partition;
  const reasons: string[] = [];
  if (table.kind !== 'r' && table.kind !== 'p') return [`${name} is not a table`];
  if (!table.leadingColumns.includes(key) && table.bytes > SMALL_TABLE_BYTES)
    reasons.push(
      `${name} has no index that begins with ${key} and is not partitioned by it; every partition would scan the whole table: CREATE INDEX CONCURRENTLY ON ${name} (${key})`,
    );
  if (!table.uniqueKeys.some((columns) => isSet(columns, contract.uniqueKey)))
    reasons.push(
      `${name} has no unique index on exactly (${contract.uniqueKey.join(', ')}), the contract's unique_key; add one, or correct the contract`,
    );
  return reasons;
}

function isSet(columns: readonly string[], wanted: readonly string[]): boolean {
  return [...columns].sort().join(',') === [...wanted].sort().join(',');
}

/** Columns that the documents name, and columns that a shadow cannot carry. */
export function columnReasons(table: TableShape, contract: DatasetContract): string[] {
  const name = formatName(table.name);
  const known = new Map(table.columns.map((column) => [column.name, column]));
  const reasons: string[] = [];
  for (const [column, where] of [
    [contract.partition.key, 'partition.key'] as const,
    ...contract.uniqueKey.map((one) => [one, 'unique_key'] as const),
    ...contract.required.map((one) => [one, 'required'] as const),
  ])
    if (!known.has(column)) reasons.push(`column ${column} (${where} of the contract) does not exist in ${name}`);
  const nullsMayStand = table.uniqueWithNulls.some((columns) => isSet(columns, contract.uniqueKey));
  for (const column of new Set([contract.partition.key, ...contract.uniqueKey])) {
    if (known.get(column)?.notNull !== false) continue;
    const required = `ALTER TABLE ${name} ALTER COLUMN ${column} SET NOT NULL`;
    if (column === contract.partition.key)
      reasons.push(`column ${column} of ${name} may be null; a partition key must be NOT NULL: ${required}`);
    else if (!nullsMayStand)
      reasons.push(
        `column ${column} of ${name} may be null, and its unique index lets a null stand twice: ${required}, or make the index UNIQUE NULLS NOT DISTINCT`,
      );
  }
  const key = known.get(contract.partition.key);
  if (key !== undefined && !KEY_TYPES.some((type) => key.type.startsWith(type)))
    reasons.push(
      `partition key ${key.name} of ${name} has type ${key.type}; this version knows date, timestamp and timestamptz`,
    );
  if (key?.type.startsWith('timestamp with time zone') && contract.partition.timeZone === null)
    reasons.push(
      `partition key ${key.name} of ${name} is timestamptz; say in the contract in which time_zone its partitions begin`,
    );
  for (const column of table.columns) {
    if (column.identity)
      reasons.push(
        `column ${column.name} of ${name} numbers its rows itself (identity); a shadow cannot, so this version refuses such tables`,
      );
    if (['recalculated_at', 'backfill_id'].includes(column.name))
      reasons.push(`column ${column.name} of ${name} has a name that the shadow table needs for itself`);
  }
  return reasons;
}
