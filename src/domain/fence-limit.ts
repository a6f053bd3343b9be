/**
 * Whether a comparison under the fence, for which writers of the base stand still, is short enough. The estimate is that
 * of sample partitions; what is switched is bounded by the statement's own timeout.
 */
export function judgeFence(
  {
    dataset,
    partitions,
    comparisonMs,
  }: { readonly dataset: string; readonly partitions: number; readonly comparisonMs: number },
  maxFenceMs: number,
): { readonly reason: string | null; readonly warning: string } {
  const what = `live writes to ${dataset} are found by fingerprints: before readers are switched, and before the overlay is retired, all ${partitions} partitions are compared while writers stand still, about ${Math.ceil(comparisonMs)} ms as measured on samples`;
  const reason =
    comparisonMs > maxFenceMs
      ? `${what}; that is more than publication.max_fence (${maxFenceMs} ms): allow longer there, narrow source_range, or let triggers be created (live_pipeline.capture: triggers)`
      : null;
  return { reason, warning: `${what} (at most publication.max_fence, ${maxFenceMs} ms)` };
}
