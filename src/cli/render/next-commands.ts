import type { StatusView } from '../../domain/status-view.ts';
import type { BackfillStatus } from '../../domain/status.ts';

/** Where somebody decides, who reads first; everywhere else who looks on. */
const FOR_READERS: readonly BackfillStatus[] = ['awaitingApproval', 'completed', 'closed', 'aborted'];
const FOR_ONLOOKERS: readonly BackfillStatus[] = [
  'planning',
  'proving',
  'preserving',
  'building',
  'reconciling',
  'publishing',
  'observing',
  'consolidating',
  'rollingBack',
  'closing',
  'aborting',
];

/** What a person can do with a run in this status, most likely first; `<…>` is left to fill in. */
export function nextCommands({ backfillId, status, paused, next }: StatusView): readonly string[] {
  const said = next.map(({ command }) => command);
  if (FOR_READERS.includes(status)) return [`backfill report ${backfillId}`, ...said];
  return FOR_ONLOOKERS.includes(status) && paused === null ? [`backfill status ${backfillId} --watch`, ...said] : said;
}
