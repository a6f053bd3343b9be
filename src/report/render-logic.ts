import type { MeasureEffects, ReproducedPartition } from '../domain/reproduction.ts';
import type { SeamRow } from '../domain/seam.ts';
import type { Markup } from './markup.ts';
import { NOTHING, markup } from './markup.ts';
import type { EraBuilt, Report } from './report.ts';
import type { Column } from './table.ts';
import { table } from './table.ts';
import { counted, formatCount } from './words.ts';

/** Whose doing a change is, as far as the proofs saw it, and which version of the transform built what. */
export function renderLogic({ logic: { reproduction, seamRows, eras } }: Report): Markup {
  return markup`${reproduction === null ? NOTHING : renderReproduction(reproduction)}
${seamRows.length === 0 ? NOTHING : markup`<h3>Where the corrected logic is not what the live pipeline wrote</h3>\n${table('The first rows after the interval that differ', SEAM_COLUMNS, seamRows, '')}`}
<h3>Which logic built what</h3>
${table('Partitions by version of the transform', ERA_COLUMNS, eras, 'Nothing is built yet.')}`;
}

function renderReproduction({ partitions, effects }: NonNullable<Report['logic']['reproduction']>): Markup {
  const parts: readonly EffectLine[] = [
    ...linesOf('all samples', effects),
    ...partitions.flatMap(({ partition, effects: own }) => linesOf(partition, own)),
  ];
  return markup`<h3>Changed inputs or changed logic</h3>
<p>On ${counted(partitions.length, 'sample partition')} the trusted logic was run on the inputs of today. What it gives otherwise than what is published is the effect of inputs that changed since; the rest of the change is the correction. Both are of the samples, and scaled to nothing else.</p>
${table('Each measure’s change, split exactly', EFFECT_COLUMNS, parts, 'The contract has no measure.')}
${table(
  'Rows that neither logic explains, by partition and column',
  DRIFT_COLUMNS,
  partitions.filter(({ drifted }) => drifted > 0),
  'The trusted logic gives every published row of the samples, or the corrected one does.',
)}`;
}

type EffectLine = MeasureEffects & { readonly where: string; readonly measure: string };

function linesOf(where: string, effects: Readonly<Record<string, MeasureEffects>>): EffectLine[] {
  return Object.entries(effects).map(([measure, own]) => ({ where, measure, ...own }));
}

const EFFECT_COLUMNS: readonly Column<EffectLine>[] = [
  { head: 'Where', kind: 'word', cell: ({ where }) => where },
  { head: 'Measure', cell: ({ measure }) => measure },
  { head: 'Because inputs changed', kind: 'number', cell: ({ input }) => input },
  { head: 'Because of the correction', kind: 'number', cell: ({ logic }) => logic },
  { head: 'Change', kind: 'number', cell: ({ delta }) => delta },
];

const DRIFT_COLUMNS: readonly Column<ReproducedPartition>[] = [
  { head: 'Partition', kind: 'word', cell: ({ partition }) => partition },
  { head: 'Rows', kind: 'number', cell: ({ drifted, rows }) => `${formatCount(drifted)} of ${formatCount(rows)}` },
  {
    head: 'Columns',
    cell: ({ columns }) =>
      Object.entries(columns)
        .filter(([, count]) => count > 0)
        .map(([column, count]) => `${column} in ${formatCount(count)}`)
        .join(', '),
  },
];

const SEAM_COLUMNS: readonly Column<SeamRow>[] = [
  { head: 'Partition', kind: 'word', cell: ({ partition }) => partition },
  { head: 'Key', cell: ({ key }) => Object.values(key).join(' / ') },
  { head: 'Written by the pipeline → given by the corrected logic', cell: differences },
];

function differences({ missing, columns }: SeamRow): string {
  if (missing === 'published') return 'the pipeline wrote no such row';
  if (missing === 'corrected') return 'the corrected logic gives no such row';
  return Object.entries(columns)
    .map(([column, { published, corrected }]) => `${column}: ${published ?? 'NULL'} → ${corrected ?? 'NULL'}`)
    .join('; ');
}

const ERA_COLUMNS: readonly Column<EraBuilt>[] = [
  { head: 'Era', kind: 'word', cell: ({ era, from }) => `${era}, from ${from}` },
  {
    head: 'Built with',
    cell: ({ file, transformSha256 }) =>
      markup`${file ?? 'a version that the plan does not have any more'} <code>${transformSha256.slice(0, 12)}</code>`,
  },
  { head: 'Partitions', kind: 'number', cell: ({ partitions }) => formatCount(partitions) },
];
