/** One labelled line; an array of texts stands below each other beside its label. */
export type Field = readonly [label: string, value: string | readonly string[] | null];

/** Labels in one column, values in another. A field that is null or empty is left out. */
export function fields(list: readonly Field[], indent = '  '): string {
  const shown = list.flatMap(([label, value]) => {
    const lines = value === null ? [] : typeof value === 'string' ? value.split('\n') : value;
    return lines.length === 0 ? [] : [{ label, lines }];
  });
  const width = Math.max(0, ...shown.map(({ label }) => label.length));
  return shown
    .flatMap(({ label, lines }) =>
      lines.map((line, index) => `${indent}${(index === 0 ? label : '').padEnd(width)}  ${line}`.trimEnd()),
    )
    .join('\n');
}

/** Columns as wide as their longest cell. The last one is not padded. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => (row[column] ?? '').length)));
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Blocks with an empty line between them; an empty block is left out. */
export function blocks(...parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null && part !== '').join('\n\n');
}
