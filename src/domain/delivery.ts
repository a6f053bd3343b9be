import type { AnnounceTarget, Channel } from './announce-target.ts';

/** About an hour and a half in all: a webhook that is away for longer is another one by then. */
export const MOST_ATTEMPTS = 20;
const LONGEST_PAUSE_MS = 300_000;

/** Doubling from two seconds. */
export function pauseAfter(attempts: number): number {
  return Math.min(LONGEST_PAUSE_MS, 1_000 * 2 ** Math.min(attempts, 20));
}

/** A target as the ledger and people know it: the name of a variable or a file, never an address. */
export function targetName({ webhook, file }: Channel): string {
  return webhook ?? `file:${file ?? ''}`;
}

/** By target, what it is to be told. Two entries for one target are one. */
export function targetKinds(targets: readonly AnnounceTarget[]): readonly { target: string; kinds: string[] }[] {
  const kinds = new Map<string, Set<string>>();
  for (const target of targets) {
    const known = kinds.get(targetName(target)) ?? new Set();
    for (const kind of target.when) known.add(kind);
    kinds.set(targetName(target), known);
  }
  return [...kinds].map(([target, wanted]) => ({ target, kinds: [...wanted] }));
}
