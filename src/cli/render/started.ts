import { fields } from './layout.ts';

/** What to look at and what to type next, right after the start. */
export function renderStarted(backfillId: string, link: string | null): string {
  return [
    `Started ${backfillId}`,
    fields([
      ['page', link],
      ['watch', `backfill status ${backfillId} --watch`],
      ['pause', `backfill pause ${backfillId} --reason "<why>"`],
      ['give up', `backfill abort ${backfillId} --reason "<why>"`],
    ]),
  ].join('\n');
}
