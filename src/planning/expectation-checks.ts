import type { BackfillSpec } from '../domain/backfill-spec.ts';
import type { DatasetContract } from '../domain/dataset-contract.ts';
import { formatName } from '../domain/names.ts';
import type { ColumnShape, TableShape } from '../domain/table-shape.ts';

const NUMBERS = ['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision'];

/** Columns that the documents expect something of: they must be there, and be what is expected of them. */
export function expectationReasons(
  table: TableShape,
  { dimensions, personal, uniqueKey }: Pick<DatasetContract, 'dimensions' | 'personal' | 'uniqueKey'>,
  { required, tolerances }: BackfillSpec['validation'],
): string[] {
  const name = formatName(table.name);
  const known = new Map(table.columns.map((column) => [column.name, column]));
  const tolerated = Object.keys(tolerances);
  const missing = [
    ...required.map((one) => [one, 'validation.required of the spec'] as const),
    ...tolerated.map((one) => [one, 'validation.tolerances of the spec'] as const),
    ...dimensions.map((one) => [one, 'dimensions of the contract'] as const),
    ...personal.map((one) => [one, 'personal of the contract'] as const),
  ].filter(([column]) => !known.has(column));
  return [
    ...missing.map(([column, where]) => `column ${column} (${where}) does not exist in ${name}`),
    ...tolerated.flatMap((column) => toleranceReasons(known.get(column), uniqueKey, name)),
  ];
}

function toleranceReasons(column: ColumnShape | undefined, uniqueKey: readonly string[], table: string): string[] {
  if (column === undefined) return [];
  const bare = column.type.replace(/\(.*\)/, '');
  if (!NUMBERS.includes(bare))
    return [
      `column ${column.name} of ${table} is ${column.type}, and only numbers can be tolerated (validation.tolerances)`,
    ];
  return uniqueKey.includes(column.name)
    ? [
        `column ${column.name} of ${table} is part of the unique key, and keys are compared exactly (validation.tolerances)`,
      ]
    : [];
}
