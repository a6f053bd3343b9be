import { fields } from './layout.ts';

export function renderStarted(backfillId: string, link: string | null): string {
  const started = `Started ${backfillId}`;
  return link === null ? started : `${started}\n${fields([['page', link]])}`;
}

/** What to type next, once there is a plan: a refused one is over, and nothing of it can be watched, paused or given up. */
export function renderNext(backfillId: string): string {
  return fields([
    ['watch', `backfill status ${backfillId} --watch`],
    ['pause', `backfill pause ${backfillId} --reason "<why>"`],
    ['give up', `backfill abort ${backfillId} --reason "<why>"`],
  ]);
}
