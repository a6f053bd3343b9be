/** What live writes restated since the approved evidence. */
export interface Restated {
  readonly partitions: number;
  /** By measure: the sum of the absolute moves. */
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

/** Null while the approval still covers what was restated; else the sentence that says why it does not. */
export function beyondEnvelope(
  restated: Restated,
  approved: { readonly partitions: number; readonly totals: Readonly<Record<string, string>> },
  envelope: Envelope,
): string | null {
  const allowed = amendedPartitionsAllowed(envelope, approved.partitions);
  if (restated.partitions > allowed)
    return `live writes restated ${restated.partitions} partitions since the evidence; the approval covers ${allowed}`;
  for (const [measure, moved] of Object.entries(restated.moved)) {
    const total = Math.abs(Number(approved.totals[measure] ?? 0));
    const percent = total === 0 ? 0 : (Math.abs(Number(moved)) / total) * 100;
    if (percent > envelope.measurePercent)
      return `live writes moved ${measure} by ${percent.toFixed(3)}% since the evidence; the approval covers ${envelope.measurePercent}%`;
  }
  return null;
}
