/** What live writes restated since the approved evidence. */
export interface Restated {
  readonly partitions: number;
  /** By measure: how far each partition moved, without signs, added up. `NaN` where that cannot be told. */
  readonly moved: Readonly<Record<string, string>>;
}

export interface Envelope {
  readonly partitionsPercent: number;
  readonly measurePercent: number;
}

/** Partitions that live writes may restate before an approval is void; one always may. */
export function amendedPartitionsAllowed(envelope: Envelope, partitions: number): number {
  return Math.max(1, Math.floor((partitions * envelope.partitionsPercent) / 100));
}

/**
 * Null while the approval still covers what was restated; else the sentence that says why it does not. What cannot be
 * measured is not covered. `governance.beyond_envelope()` has the last word when it is published.
 */
export function beyondEnvelope(
  restated: Restated,
  approved: { readonly partitions: number; readonly totals: Readonly<Record<string, string>> },
  envelope: Envelope,
): string | null {
  if (restated.partitions === 0) return null;
  const allowed = amendedPartitionsAllowed(envelope, approved.partitions);
  if (restated.partitions > allowed)
    return `live writes restated ${restated.partitions} partitions since the evidence; the approval covers ${allowed}`;
  for (const measure of new Set([...Object.keys(approved.totals), ...Object.keys(restated.moved)])) {
    const moved = restated.moved[measure] ?? 'NaN';
    const amount = Math.abs(Number(moved));
    if (amount === 0) continue;
    const total = Math.abs(Number(approved.totals[measure] ?? 'NaN'));
    const percent = (amount / total) * 100;
    // A share of nothing or of infinity is none, and NaN is inside of no limit.
    if (total === 0 || !Number.isFinite(total) || Number.isNaN(percent))
      return `live writes moved ${measure} by ${moved} since the evidence, of a total of ${approved.totals[measure] ?? 'nothing known'}; the approval covers ${envelope.measurePercent}%`;
    if (percent > envelope.measurePercent)
      return `live writes moved ${measure} by ${percent.toFixed(3)}% since the evidence; the approval covers ${envelope.measurePercent}%`;
  }
  return null;
}
