import { insertEventOnce } from '../src/ledger/events.ts';
import type { LightActivities } from '../src/protocol/activities.ts';
import type { ActivityDeps } from './deps.ts';
import { withLedger } from './deps.ts';

export function makeRecordMessage(deps: ActivityDeps): LightActivities['recordMessage'] {
  return ({ backfillId, message, by, detail, at }) =>
    withLedger(deps, async (session) => {
      await session.change(insertEventOnce(backfillId, message, by, { ...detail, at }));
    });
}

export function makeRecordRefusal(deps: ActivityDeps): LightActivities['recordRefusal'] {
  return ({ backfillId, message, reason, at }) =>
    withLedger(deps, async (session) => {
      await session.change(insertEventOnce(backfillId, 'message refused', 'workflow', { message, reason, at }));
    });
}
