import type { ReconciliationFigures } from '../domain/batch-verdict.ts';
import { formatDecimal, formatDelta } from './decimal.ts';
import type { Markup } from './markup.ts';
import { markup, NOTHING } from './markup.ts';
import type { Column } from './table.ts';
import { table } from './table.ts';
import { formatCount } from './words.ts';

interface Piece {
  readonly measure: string;
  readonly piece: string;
  readonly delta: string;
  readonly absolute: string | null;
}

/** What every reason moves each sum by, and which columns change together. */
export function renderAttribution(figures: ReconciliationFigures): Markup {
  const pieces = Object.entries(figures.attribution).flatMap(([measure, deltas]) => piecesOf(measure, deltas, figures));
  const signatures = Object.entries(figures.signatures).sort(([, a], [, b]) => b - a);
  return markup`${pieces.length === 0 ? NOTHING : table('What each reason changes, in the unit of the measure', PIECE_COLUMNS, pieces, '')}${
    signatures.length === 0
      ? NOTHING
      : table(
          'Columns that change together',
          [
            { head: 'Columns', cell: ([columns]) => columns },
            { head: 'Rows', kind: 'number', cell: ([, rows]) => formatCount(rows) },
          ],
          signatures,
          '',
        )
  }`;
}

const PIECE_COLUMNS: readonly Column<Piece>[] = [
  { head: 'Measure', kind: 'word', cell: ({ measure }) => measure },
  { head: 'Because of', cell: ({ piece }) => piece },
  { head: 'Change', kind: 'number', cell: ({ delta }) => formatDelta(delta) },
  {
    head: 'Signs left out',
    kind: 'number',
    cell: ({ absolute }) => (absolute === null ? '–' : formatDecimal(absolute)),
  },
];

const WORDS: Readonly<Record<string, string>> = {
  unexplained: 'no named reason',
  tolerated: 'differences within tolerance',
  live: 'live writes',
  total: 'all of it',
};

/** Reasons as the ledger has them, the whole last. */
function piecesOf(
  measure: string,
  deltas: Readonly<Record<string, string>>,
  { absolute }: ReconciliationFigures,
): Piece[] {
  return Object.keys(deltas)
    .sort((a, b) => Number(a === 'total') - Number(b === 'total') || (a < b ? -1 : 1))
    .filter((piece) => piece !== 'live' || Number(deltas[piece]) !== 0)
    .map((piece) => ({
      measure,
      piece: WORDS[piece] ?? piece.replace('explained:', ''),
      delta: deltas[piece] ?? '0',
      absolute: absolute[measure]?.[piece] ?? null,
    }));
}
