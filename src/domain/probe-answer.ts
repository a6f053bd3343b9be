import type { PlannedProbe } from './backfill-plan.ts';

/** What one look at the live pipeline found. */
export interface ProbeAnswer {
  readonly running: boolean;
  readonly name: string | null;
  /** ISO-8601; null where the probe does not tell. */
  readonly since: string | null;
}

/** The probe as people know it: its SQL file, or the address it asks without parameters, which may hold a secret. */
export function probeName(probe: PlannedProbe): string {
  return 'file' in probe ? probe.file : probe.url.replace(/[?#].*$/, '');
}

/** Whether the field at `path` of a JSON answer meets `runningWhen`, e.g. `$.total_entries` and `> 0`; or why nobody can tell. */
export function judgeAnswer(
  answer: unknown,
  path: string,
  runningWhen: string,
): { readonly running: boolean } | { readonly problem: string } {
  const found = fieldAt(answer, path);
  if (found === undefined || found === null) return { problem: `its answer has nothing at ${path}` };
  const [, operator = '', written = ''] = /^(!=|<=|>=|=|<|>)\s*(.+)$/.exec(runningWhen) ?? [];
  const limit = literalOf(written);
  if (typeof found !== typeof limit)
    return {
      problem: `${path} of its answer is ${describe(found)}, which running_when "${runningWhen}" cannot be compared with`,
    };
  return { running: compare(found as typeof limit, operator, limit) };
}

/** What stands at `$.field[0].field`; undefined where nothing does. */
export function fieldAt(answer: unknown, path: string): unknown {
  const steps = [...path.matchAll(/\.([A-Za-z_]\w*)|\[(\d+)\]/g)];
  return steps.reduce<unknown>((at, [, field, place]) => {
    if (place !== undefined) return Array.isArray(at) ? (at as unknown[])[Number(place)] : undefined;
    const isObject = typeof at === 'object' && at !== null && !Array.isArray(at);
    return isObject && Object.hasOwn(at, field ?? '') ? (at as Record<string, unknown>)[field ?? ''] : undefined;
  }, answer);
}

function literalOf(written: string): number | boolean | string {
  if (written === 'true' || written === 'false') return written === 'true';
  return written.startsWith("'") ? written.slice(1, -1) : Number(written);
}

function describe(found: unknown): string {
  if (Array.isArray(found)) return 'a list';
  return typeof found === 'object' ? 'an object' : `a ${typeof found}`;
}

function compare(found: number | boolean | string, operator: string, limit: number | boolean | string): boolean {
  switch (operator) {
    case '=':
      return found === limit;
    case '!=':
      return found !== limit;
    case '<':
      return found < limit;
    case '<=':
      return found <= limit;
    case '>':
      return found > limit;
    default:
      return found >= limit;
  }
}
