/** The known word that a person most likely meant, or undefined where none is near. */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  const wanted = plain(word);
  let best: { readonly word: string; readonly distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(wanted, plain(candidate));
    if (best === undefined || distance < best.distance) best = { word: candidate, distance };
  }
  if (best !== undefined && best.distance <= furthest(wanted)) return best.word;
  return wanted.length < SHORTEST_BEGINNING
    ? undefined
    : known.find((candidate) => plain(candidate).startsWith(wanted));
}

/** `newest` for `newest_first`: a few letters say which word was begun. */
const SHORTEST_BEGINNING = 4;

/** The same but for case, hyphens and underscores. */
export function isSameWord(a: string, b: string): boolean {
  return plain(a) === plain(b);
}

/** A third of the letters may be wrong; beyond that a suggestion misleads more often than it helps. */
function furthest(word: string): number {
  return Math.max(1, Math.floor(word.length / 3));
}

/** `maxConcurrency`, `max-concurrency` and `max_concurrency` are the same word to a person. */
function plain(word: string): string {
  return word
    .slice(0, 100)
    .toLowerCase()
    .replaceAll(/[-_\s]/g, '');
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one word into the other. */
function editDistance(a: string, b: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const replaced = at(last, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const swapped =
        row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
          ? at(beforeLast, column - 2) + 1
          : Infinity;
      current.push(Math.min(at(last, column) + 1, at(current, column - 1) + 1, replaced, swapped));
    }
    beforeLast = last;
    last = current;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
