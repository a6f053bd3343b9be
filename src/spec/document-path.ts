/** The way to one value of a document, from its root: `['transform', 'corrected', 0, 'sql']`. */
export type DocumentPath = readonly (string | number)[];

/** `transform.corrected[0].sql`; a name that is not a plain word is quoted. */
export function formatPath(path: DocumentPath): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    const word = /^[\w$-]+$/.test(step) ? step : JSON.stringify(step);
    return text === '' ? word : `${text}.${word}`;
  }, '');
}

/** The reverse of `formatPath` for plain words; null where the text is no path. */
export function parsePath(text: string): DocumentPath | null {
  if (!/^[\w$-]+(\.[\w$-]+|\[\d{1,6}\])*$/.test(text)) return null;
  return [...text.matchAll(/\[(\d+)\]|[\w$-]+/g)].map((match) =>
    match[1] === undefined ? match[0] : Number.parseInt(match[1], 10),
  );
}

export type Mapping = Readonly<Record<string, unknown>>;

export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path, undefined where the document does not reach so far. */
export function valueAt(document: unknown, path: DocumentPath): unknown {
  return path.reduce<unknown>((value, step) => {
    if (Array.isArray(value)) return typeof step === 'number' ? (value as unknown[])[step] : undefined;
    return isMapping(value) && Object.hasOwn(value, step) ? value[step] : undefined;
  }, document);
}

/** A copy of the document with one value set; null where something on the way is neither a mapping nor a list. */
export function withValue(
  document: unknown,
  path: DocumentPath,
  value: unknown,
): { readonly document: unknown } | null {
  const [step, ...rest] = path;
  if (step === undefined) return { document: value };
  const container = document ?? {};
  if (Array.isArray(container) && typeof step === 'number' && step <= container.length) {
    const inner = withValue(container[step], rest, value);
    return inner && { document: Object.assign([...(container as unknown[])], { [step]: inner.document }) };
  }
  if (!isMapping(container) || typeof step === 'number') return null;
  const inner = withValue(valueAt(container, [step]), rest, value);
  return inner && { document: { ...container, [step]: inner.document } };
}

/** A short text of a value, for messages and for the list of defaults and overrides. */
export function showValue(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
