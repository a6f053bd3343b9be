/**
 * The largest of some differences without signs, as decimal text so that no digit is lost. `NaN` is larger than any other,
 * as in SQL: a difference that cannot be told is inside of no tolerance. Throws where there are none.
 */
export function largestDifference(differences: readonly string[]): string {
  return differences.reduce((largest, next) => (isLarger(next, largest) ? next : largest));
}

function isLarger(next: string, than: string): boolean {
  if (Number.isNaN(Number(than))) return false;
  return Number.isNaN(Number(next)) || Number(next) > Number(than);
}
