import type { MeasureEffects, Reproduction } from '../../domain/reproduction.ts';
import type { SeamRow } from '../../domain/seam.ts';
import { table } from './layout.ts';

/** Each measure's change on the samples, split into what changed inputs do and what the correction does. */
export function renderEffects(found: Reproduction | null): string | null {
  if (found === null || found.partitions.length === 0) return null;
  const lines = (where: string, effects: Readonly<Record<string, MeasureEffects>>): string[][] =>
    Object.entries(effects).map(([measure, { input, logic, delta }]) => [`  ${where}`, measure, input, logic, delta]);
  const rows = [
    ...lines('all samples', found.effects),
    ...found.partitions.flatMap(({ partition, effects }) => lines(partition, effects)),
  ];
  return `  Changed inputs or changed logic\n${table(['  where', 'measure', 'inputs', 'logic', 'change'], rows)}`;
}

/** The first rows that the pipeline wrote otherwise than the corrected logic gives. */
export function renderSeam(rows: readonly SeamRow[]): string | null {
  if (rows.length === 0) return null;
  const lines = rows.map(({ partition, key, missing, columns }) => [
    `  ${partition}`,
    Object.values(key).join(' / '),
    missing !== null
      ? `no such row ${missing === 'published' ? 'was written' : 'is given'}`
      : Object.entries(columns)
          .map(([column, { published, corrected }]) => `${column}: ${published ?? 'NULL'} → ${corrected ?? 'NULL'}`)
          .join('; '),
  ]);
  return `  Where the pipeline wrote otherwise after the interval\n${table(['  partition', 'key', 'written → given'], lines)}`;
}
