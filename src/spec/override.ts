import { parseDocument } from 'yaml';
import type { DocumentPath } from './document-path.ts';
import { parsePath, showValue, valueAt, withValue } from './document-path.ts';
import type { Locate } from './source-document.ts';
import type { SpecProblem } from './spec-problem.ts';

/** One field set from outside the document, as in `--set rollback.window=10s`. */
export interface Override {
  readonly path: string;
  readonly value: string;
}

export interface UsedOverride extends Override {
  /** What the document said; null where it said nothing. */
  readonly was: string | null;
}

/** The name that stands for a file in messages about overridden fields. */
const OVERRIDE_SOURCE = '--set';

/** Reads `field=value`. */
export function parseOverride(
  text: string,
): { readonly ok: true; readonly override: Override } | { readonly ok: false; readonly problem: SpecProblem } {
  const equals = text.indexOf('=');
  const path = text.slice(0, Math.max(0, equals)).trim();
  if (equals > 0 && parsePath(path) !== null) {
    return { ok: true, override: { path, value: text.slice(equals + 1).trim() } };
  }
  return { ok: false, problem: problemOf('', 'not an override', text, 'field=value, as in rollback.window=10s') };
}

interface Overridden {
  readonly document: unknown;
  readonly locate: Locate;
  readonly used: readonly UsedOverride[];
  readonly problems: readonly SpecProblem[];
}

/** The document with each override in place; fields that came from an override are placed at `--set` in messages. */
export function applyOverrides(document: unknown, overrides: readonly Override[], locate: Locate): Overridden {
  const start: Overridden = { document, locate, used: [], problems: [] };
  return overrides.reduce<Overridden>((current, override) => {
    const path = parsePath(override.path);
    const reading = readValue(override.value);
    if (path === null || reading === null) {
      const problem = problemOf(
        override.path,
        'not a value',
        override.value,
        'one YAML value, as in 10s or [2025-01-01]',
      );
      return { ...current, problems: [...current.problems, problem] };
    }
    const changed = withValue(current.document, path, reading.value);
    if (changed === null) {
      const problem = problemOf(override.path, 'there is no such field to set', override.value);
      return { ...current, problems: [...current.problems, problem] };
    }
    const was = valueAt(document, path);
    return {
      document: changed.document,
      locate: shadowing(current.locate, path, document),
      used: [
        ...current.used.filter((earlier) => earlier.path !== override.path),
        { ...override, was: was === undefined ? null : showValue(was) },
      ],
      problems: current.problems,
    };
  }, start);
}

/** The same rules as in the document: `4` is a number, `10s` is text, `[a, b]` is a list. */
function readValue(text: string): { readonly value: unknown } | null {
  const document = parseDocument(text, {
    schema: 'core',
    resolveKnownTags: false,
    prettyErrors: false,
    logLevel: 'error',
  });
  if (document.errors.length > 0 || document.warnings.length > 0 || /(^|[\s[{,])[*&]/.test(text)) return null;
  return { value: document.toJS() as unknown };
}

/** A field came from an override if it lies in what was set, or had to be made on the way there. */
function shadowing(locate: Locate, overridden: DocumentPath, original: unknown): Locate {
  return (path, part) => {
    const wanted = typeof path === 'string' ? (parsePath(path) ?? [path]) : path;
    const shared = overridden.every((step, index) => index >= wanted.length || wanted[index] === step);
    const isMade = wanted.length >= overridden.length || valueAt(original, wanted) === undefined;
    return shared && isMade ? { file: OVERRIDE_SOURCE, line: 0, column: 0 } : locate(path, part);
  };
}

function problemOf(path: string, problem: string, found: string, allowed?: string): SpecProblem {
  const place = { file: OVERRIDE_SOURCE, line: 0, column: 0 };
  return { ...place, path, problem, found, ...(allowed === undefined ? {} : { allowed }) };
}
