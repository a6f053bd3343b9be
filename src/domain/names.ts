/** A table or view by schema and name, each as PostgreSQL stores it (already folded, never quoted). */
export interface QualifiedName {
  readonly schema: string;
  readonly name: string;
}

/** `schema.name` for people and for keys: quoted only where SQL would need it. */
export function formatName({ schema, name }: QualifiedName): string {
  return `${formatPart(schema)}.${formatPart(name)}`;
}

function formatPart(part: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(part) ? part : `"${part.replaceAll('"', '""')}"`;
}

export function sameName(a: QualifiedName, b: QualifiedName): boolean {
  return a.schema === b.schema && a.name === b.name;
}
