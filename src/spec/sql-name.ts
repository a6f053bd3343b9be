import type { QualifiedName } from '../domain/names.ts';
import type { Reader, Reading } from './reader.ts';

/** PostgreSQL cuts longer names silently; two of them could then be one. */
const LONGEST_NAME_BYTES = 63;

const PART = /"((?:[^"]|"")*)"|([A-Za-z_\u0080-\u{10FFFF}][\w$\u0080-\u{10FFFF}]*)/uy;

/** `schema.name`, each part plain (folded to lower case as PostgreSQL does) or quoted (kept). */
export const tableNameReader: Reader<QualifiedName> = {
  allowed: 'schema.name, each part plain or in double quotes',
  read(value) {
    const parts = readParts(value);
    if ('problem' in parts) return parts;
    const [schema, name, ...more] = parts.value;
    if (schema !== undefined && name === undefined) return { problem: 'a name without a schema' };
    if (schema === undefined || name === undefined || more.length > 0) return { problem: 'not a name of two parts' };
    return { value: { schema, name } };
  },
};

export const columnNameReader: Reader<string> = {
  allowed: 'the name of one column, plain or in double quotes',
  read(value) {
    const parts = readParts(value);
    if ('problem' in parts) return parts;
    const [name, ...more] = parts.value;
    return name === undefined || more.length > 0 ? { problem: 'not a column name' } : { value: name };
  },
};

function readParts(value: unknown): Reading<readonly string[]> {
  if (typeof value !== 'string') return { problem: 'not a name' };
  const text = value.trim();
  if (text.includes('\0')) return { problem: 'a name with a NUL character' };
  const parts: string[] = [];
  for (let offset = 0; ; offset += 1) {
    PART.lastIndex = offset;
    const match = PART.exec(text);
    if (match === null) return { problem: 'not a name' };
    const part = match[1]?.replaceAll('""', '"') ?? foldPlain(match[2] ?? '');
    if (part === '') return { problem: 'a name with an empty part' };
    if (new TextEncoder().encode(part).byteLength > LONGEST_NAME_BYTES) {
      return { problem: `a name longer than ${LONGEST_NAME_BYTES} bytes` };
    }
    parts.push(part);
    offset = PART.lastIndex;
    if (offset === text.length) return { value: parts };
    if (text[offset] !== '.') return { problem: 'not a name' };
  }
}

/** In a UTF-8 database PostgreSQL folds A to Z only. */
function foldPlain(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
