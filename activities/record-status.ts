import { insertAnnouncement, insertEventOnce, sealEvents } from '../src/ledger/events.ts';
import { setRunStatus } from '../src/ledger/runs.ts';
import type { LightActivities } from '../src/protocol/activities.ts';
import { withTransaction } from '../src/warehouse/session.ts';
import type { ActivityDeps } from './deps.ts';
import { withLedger } from './deps.ts';

/** Statuses that somebody outside wants to hear of. */
const ANNOUNCED: Readonly<Record<string, string>> = { held: 'held', awaitingSignOff: 'sign_off_requested' };

export function makeRecordStatus(deps: ActivityDeps): LightActivities['recordStatus'] {
  return ({ backfillId, status, since, because, final }) =>
    withLedger(deps, async (session) => {
      await withTransaction(session, async () => {
        await session.change(setRunStatus(backfillId, status, since, final));
        await session.change(insertEventOnce(backfillId, 'status', 'workflow', { status, since, because }));
        const kind = ANNOUNCED[status];
        if (kind !== undefined) await session.change(insertAnnouncement(backfillId, kind, since, { status, because }));
      });
      await session.rows(sealEvents());
    });
}
