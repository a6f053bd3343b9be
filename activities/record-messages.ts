import type { ReceivedMessage } from '../src/domain/received-message.ts';
import { insertEventOnce } from '../src/ledger/events.ts';
import type { LightActivities } from '../src/protocol/activities.ts';
import type { Session } from '../src/warehouse/session.ts';
import type { Sql } from '../src/warehouse/sql.ts';
import { failureOf } from '../src/warehouse/sqlstate.ts';
import type { ActivityDeps } from './deps.ts';
import { withLedger } from './deps.ts';

export function makeRecordMessages(deps: ActivityDeps): LightActivities['recordMessages'] {
  return ({ backfillId, messages }) =>
    withLedger(deps, async (session) => {
      for (const message of messages) await recordOne(session, backfillId, message);
    });
}

/** A text that PostgreSQL cannot hold (a NUL, half a character) must not keep the others out: what is sure of it stays. */
async function recordOne(session: Session, backfillId: string, message: ReceivedMessage): Promise<void> {
  try {
    await session.change(eventOf(backfillId, message));
  } catch (error) {
    if (failureOf((error as { code?: string }).code, '') !== 'DataRefused') throw error;
    const { number, at } = message;
    const reason = 'it holds characters that the ledger cannot keep';
    await session.change(eventOf(backfillId, { message: 'unreadable', reason, number, at }));
  }
}

function eventOf(backfillId: string, message: ReceivedMessage): Sql {
  const { number, at } = message;
  if ('reason' in message)
    return insertEventOnce(backfillId, 'message refused', 'workflow', {
      message: message.message,
      reason: message.reason,
      at,
      number,
    });
  return insertEventOnce(backfillId, message.message, message.by, { ...message.detail, at, number });
}
