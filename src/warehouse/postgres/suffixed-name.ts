/** PostgreSQL cuts a longer name silently, and whoever looks for the whole name does not find it. */
const LONGEST_NAME_BYTES = 63;

/** The name with the suffix, shortened before it by whole characters where it would be too long. */
export function suffixedName(name: string, suffix: string): string {
  const bytes = (text: string): number => new TextEncoder().encode(text).byteLength;
  const kept = [...name];
  while (bytes(kept.join('') + suffix) > LONGEST_NAME_BYTES) kept.pop();
  return kept.join('') + suffix;
}
