import type { Sql } from '../warehouse/sql.ts';
import { sql } from '../warehouse/sql.ts';

export function insertEvent(backfillId: string, kind: string, actor: string, detail: unknown): Sql {
  return sql(
    'INSERT INTO governance.backfill_events (backfill_id, kind, actor, detail) VALUES ($1, $2, $3, $4::jsonb)',
    backfillId,
    kind,
    actor,
    JSON.stringify(detail),
  );
}

/** Once, whatever the number of attempts: the same kind and detail are not written twice. */
export function insertEventOnce(backfillId: string, kind: string, actor: string, detail: unknown): Sql {
  return sql(
    `INSERT INTO governance.backfill_events (backfill_id, kind, actor, detail)
     SELECT $1, $2, $3, $4::jsonb WHERE NOT EXISTS (SELECT FROM governance.backfill_events WHERE backfill_id = $1 AND kind = $2 AND detail = $4::jsonb)`,
    backfillId,
    kind,
    actor,
    JSON.stringify(detail),
  );
}

/** Messages of these kinds in the order in which they were heard: the instant is the workflow's, the number its count. */
export function messagesHeard(backfillId: string, kinds: readonly string[]): Sql {
  return sql(
    `SELECT kind AS message, actor AS by, detail ->> 'at' AS at, detail FROM governance.backfill_events
      WHERE backfill_id = $1 AND kind = ANY ($2) ORDER BY detail ->> 'at', (detail ->> 'number')::float8, event_id`,
    backfillId,
    kinds,
  );
}

export function insertAnnouncement(backfillId: string, kind: string, dedupe: string, body: unknown): Sql {
  return sql(
    'INSERT INTO governance.announcements (backfill_id, kind, dedupe, body) VALUES ($1, $2, $3, $4::jsonb) ON CONFLICT DO NOTHING',
    backfillId,
    kind,
    dedupe,
    JSON.stringify(body),
  );
}

export function sealEvents(): Sql {
  return sql('SELECT governance.seal_events() AS sealed');
}
