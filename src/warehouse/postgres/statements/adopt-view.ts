/** A definition as the server prints it, in place of the present one. Options are said again, because a replacement forgets those that it does not name. */
export function replaceView(
  view: { readonly name: string; readonly options: readonly string[] },
  definition: string,
): string {
  const options = view.options.length === 0 ? '' : ` WITH (${view.options.join(', ')})`;
  return `CREATE OR REPLACE VIEW ${view.name}${options} AS\n${definition.trim().replace(/;$/, '')};`;
}

/** The published view where there is none: every column of the base under its own name, owned by the owner of the base. */
export function createPublishedView(view: {
  readonly name: string;
  readonly base: string;
  readonly owner: string;
  readonly columns: readonly string[];
}): string[] {
  return [
    `CREATE OR REPLACE VIEW ${view.name} AS\nSELECT ${view.columns.join(', ')}\n  FROM ${view.base};`,
    `ALTER VIEW ${view.name} OWNER TO ${view.owner};`,
  ];
}
