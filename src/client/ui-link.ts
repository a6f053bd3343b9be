/** Where a run is shown: the local stack's file, or the settings of this process. */
export interface UiPlace {
  /** Base address of Temporal's web UI; null where nobody said it. */
  readonly temporalUi: string | null;
  readonly temporalNamespace: string;
}

/**
 * The page of a workflow in Temporal's UI; with a run id the page that shows its Current Details, which is the one an
 * operator wants. Null where no UI is known.
 */
export function uiLink(place: UiPlace, workflowId: string, runId?: string): string | null {
  if (place.temporalUi === null || place.temporalUi === '') return null;
  const base = place.temporalUi.replace(/\/+$/, '');
  const workflow = `${base}/namespaces/${encodeURIComponent(place.temporalNamespace)}/workflows/${encodeURIComponent(workflowId)}`;
  return runId === undefined ? workflow : `${workflow}/${encodeURIComponent(runId)}/user-metadata`;
}
