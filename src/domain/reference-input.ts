import type { BatchRange } from './batch-queue.ts';
import type { QualifiedName } from './names.ts';
import { formatName } from './names.ts';

/** An input that is not partitioned, as it was when the plan was drawn up. */
export interface PlannedInput {
  readonly name: QualifiedName;
  /** A type without a hash of its own is hashed as text. */
  readonly hashedAs: 'record' | 'text';
  readonly rows: number;
  /** `rows:sum of row hashes`, over all columns that it has. */
  readonly fingerprint: string;
}

/** What one input holds, by its name as text. */
export interface InputContent {
  readonly input: string;
  readonly rows: number;
  readonly fingerprint: string;
}

export function contentOf({ name, rows, fingerprint }: PlannedInput): InputContent {
  return { input: formatName(name), rows, fingerprint };
}

export function sameInputs(left: readonly InputContent[], right: readonly InputContent[]): boolean {
  const known = new Map(left.map(({ input, fingerprint }) => [input, fingerprint]));
  return left.length === right.length && right.every(({ input, fingerprint }) => known.get(input) === fingerprint);
}

/** Why the run holds: each input that is another, its rows before and after, and what was built with it as it was. */
export function describeChange(
  inForce: readonly InputContent[],
  now: readonly InputContent[],
  built: readonly number[],
): string {
  const before = new Map(inForce.map((one) => [one.input, one]));
  const changed = now.flatMap(({ input, rows, fingerprint }) => {
    const was = before.get(input);
    if (was?.fingerprint === fingerprint) return [];
    const what = was === undefined || was.rows === rows ? `${rows} rows, other contents` : `${was.rows} → ${rows} rows`;
    return [`reference input ${input} changed while the run builds on it (${what})`];
  });
  const so =
    built.length === 0
      ? 'no batch was built before'
      : `built before: batch${built.length === 1 ? '' : 'es'} ${ranges(built)}`;
  return `${changed.join('; ')}; ${so}. A retry takes it as it is now and builds ${built.length === 0 ? 'on' : 'these again'}; where it was put back as it was, only what was built since it was last seen so`;
}

/** `1–12, 14`, of ascending numbers. */
function ranges(numbers: readonly number[]): string {
  const found: BatchRange[] = [];
  for (const number of numbers) {
    const last = found.at(-1);
    if (last !== undefined && number === last.to + 1) found[found.length - 1] = { from: last.from, to: number };
    else found.push({ from: number, to: number });
  }
  return found.map(({ from, to }) => (from === to ? String(from) : `${from}–${to}`)).join(', ');
}
