/** What references are to be called, quoted where needed. */
export interface ReferenceNames {
  /** Occurs in the definition as the name of the stand-in, and nowhere else. */
  readonly token: string;
  /** The view that is read instead, with its schema. */
  readonly view: string;
  /** Bare names that the reference may go by, the best first; the first is the view's own. */
  readonly names: readonly string[];
}

/**
 * Replaces the stand-in in a definition that the server printed: as a relation by the view, as the name of its columns by a
 * name that nothing else has in this definition, so that no column changes hands. Null where something of it would be left.
 */
export function nameReferences(text: string, { token, view, names }: ReferenceNames): string | null {
  const [own] = names;
  const alias = freeName(text, names);
  // The server prints keywords in capitals, and an alias behind its relation in small letters or quotes.
  const reference = new RegExp(
    `(::| OF )?(?:\\bpg_temp(?:_\\d+)?\\.)?\\b${token}(_\\d+)?(?!\\w)(\\.)?(\\s+(?=[a-z_"\\u0080-\\uffff]))?`,
    'g',
  );
  let found = 0;
  const named = text.replace(reference, (_, before = '', number = '', dot = '', space = ''): string => {
    const rest = `${String(dot)}${String(space)}`;
    found += 1;
    if (number !== '') return `${String(before)}${numbered(alias, String(number))}${rest}`;
    if (dot !== '' || before === ' OF ') return `${String(before)}${alias}${rest}`;
    return `${String(before)}${view}${before === '::' || space !== '' || alias === own ? rest : ` ${alias}`}`;
  });
  return found === 0 || named.includes(token) ? null : named;
}

/** A literal that holds a name counts as well: another name does no harm. */
function freeName(text: string, names: readonly string[]): string {
  const isFree = (name: string): boolean => !text.includes(bare(name));
  const [last] = names.slice(-1);
  for (let n = 1; ; n += 1) {
    const free = (n === 1 ? names : [numbered(last ?? 'shown', `_${n}`)]).find(isFree);
    if (free !== undefined) return free;
  }
}

/** The server tells two uses of one name apart by a number. */
function numbered(name: string, number: string): string {
  const text = `${bare(name)}${number}`;
  return /^[a-z_][a-z0-9_]*$/.test(text) ? text : `"${text.replaceAll('"', '""')}"`;
}

function bare(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}
