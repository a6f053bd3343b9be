import type { DocumentPath } from './document-path.ts';
import { formatPath, isMapping, parsePath, showValue, valueAt, withValue } from './document-path.ts';

/** A field that may be left out, and what then stands in its place; null means that the field has no effect. */
export interface DefaultField {
  readonly path: string | DocumentPath;
  readonly value: unknown;
}

export interface UsedDefault {
  readonly path: string;
  readonly value: string;
}

/** Fills in, as document text, every field that was left out, and lists them for the plan to print. */
export function fillDefaults(
  document: unknown,
  defaults: readonly DefaultField[],
): { readonly document: unknown; readonly used: readonly UsedDefault[] } {
  const used: UsedDefault[] = [];
  const filled = defaults.reduce<unknown>((current, { path, value }) => {
    const steps = typeof path === 'string' ? (parsePath(path) ?? [path]) : path;
    if (valueAt(current, steps) !== undefined || !isOpen(current, steps.slice(0, -1))) return current;
    used.push({ path: formatPath(steps), value: shown(value) });
    return value === null ? current : (withValue(current, steps, value)?.document ?? current);
  }, document);
  return { document: filled, used };
}

/** A section that is empty or not a mapping is a problem of its own, which a default must not hide. */
function isOpen(document: unknown, parent: DocumentPath): boolean {
  return parent.every((_, index) => {
    const value = valueAt(document, parent.slice(0, index + 1));
    return value === undefined || isMapping(value) || Array.isArray(value);
  });
}

function shown(value: unknown): string {
  const isNothing = value === null || (Array.isArray(value) && value.length === 0) || showValue(value) === '{}';
  return isNothing ? 'none' : showValue(value);
}
