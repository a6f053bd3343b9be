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

/** No further try once all of one switch kept writers standing still for so many times `publication.max_fence`. */
const TIMES_MAX_FENCE = 2;

/**
 * Why writers are not stopped once more, null while another try may be made. A try that finds that somebody wrote meanwhile has
 * stopped them in vain: each is short enough, and sixty of them would be an outage.
 */
export function whyNoMoreFence(
  { dataset, tries, stoodStillMs }: { readonly dataset: string; readonly tries: number; readonly stoodStillMs: number },
  maxFenceMs: number,
): string | null {
  if (stoodStillMs < TIMES_MAX_FENCE * maxFenceMs) return null;
  return `the live pipeline writes to ${dataset} too often to be switched: in ${tries} tries writers stood still for ${(stoodStillMs / 1_000).toFixed(1)} s, and ${TIMES_MAX_FENCE} times publication.max_fence (${maxFenceMs / 1_000} s) in all is where it ends`;
}
