import type { Markup } from './markup.ts';
import { markup } from './markup.ts';

export interface Column<Row> {
  readonly head: string;
  /** Numbers stand right-aligned; words do not wrap. */
  readonly kind?: 'number' | 'word';
  cell(row: Row): string | Markup;
}

/** A table with a caption; the first column heads its row. Without rows, the sentence that says so. */
export function table<Row>(
  caption: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  none: string,
): Markup {
  if (rows.length === 0) return markup`<p class="soft">${none}</p>\n`;
  const heads = columns.map(({ head, kind }) => markup`<th scope="col" class="${kind ?? ''}">${head}</th>`);
  const body = rows.map((row) => markup`<tr>${columns.map((column, index) => cell(column, row, index === 0))}</tr>\n`);
  return markup`<div class="scroll" role="region" tabindex="0" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr>${heads}</tr></thead>
<tbody>
${body}</tbody></table></div>
`;
}

function cell<Row>(column: Column<Row>, row: Row, first: boolean): Markup {
  const content = column.cell(row);
  const kind = column.kind ?? '';
  return first ? markup`<th scope="row" class="${kind}">${content}</th>` : markup`<td class="${kind}">${content}</td>`;
}

/** Names and values below each other. */
export function facts(entries: readonly (readonly [name: string, value: string | Markup])[]): Markup {
  return markup`<dl class="facts">${entries.map(([name, value]) => markup`<dt>${name}</dt><dd>${value}</dd>`)}</dl>\n`;
}
