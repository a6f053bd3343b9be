import type { Client } from 'pg';
import { WRONG_DAYS } from './scenario.ts';
import { withTransaction } from './with-client.ts';

export const PIPELINE_NAME = 'daily-revenue';

export interface LateEvent {
  readonly revenueDate: string;
  readonly merchantId: string;
  readonly eventId: string;
}

/** Opens a run record, in its own transaction so that a probe sees it at once. Answers its id. */
export async function startRun(client: Client, name: string): Promise<string> {
  const { rows } = await client.query<{ run_id: string }>(
    'insert into staging.pipeline_runs (name) values ($1) returning run_id',
    [name],
  );
  if (rows[0] === undefined) throw new Error(`staging.pipeline_runs did not answer the id of the new run of ${name}`);
  return rows[0].run_id;
}

export async function finishRun(client: Client, runId: string): Promise<void> {
  await client.query('update staging.pipeline_runs set finished_at = clock_timestamp() where run_id = $1', [runId]);
}

/** Ends what a process of this name left open when it died. Answers how many runs that were. */
export async function closeAbandonedRuns(client: Client, name: string): Promise<number> {
  const closed = await client.query(
    'update staging.pipeline_runs set finished_at = clock_timestamp() where name = $1 and finished_at is null',
    [name],
  );
  return closed.rowCount ?? 0;
}

/**
 * A few events of today, each modelled on one of the last day that has any, and today's rows of their merchants.
 * Answers how many events; none when the feed is empty.
 */
export async function writeToday(client: Client, events: number): Promise<number> {
  return withTransaction(client, async () => {
    const written = await client.query<{ day: string; merchant_id: string }>(
      `insert into staging.revenue_events (merchant_id, occurred_at, revenue_date, gross, tax, channel, kind, tax_mode)
       select merchant_id, now(), current_date, gross, tax, channel, kind, tax_mode
       from staging.revenue_events
       where revenue_date = (select max(revenue_date) from staging.revenue_events)
         and tax_mode is not null
       order by random()
       limit $1
       returning revenue_date::text as day, merchant_id`,
      [events],
    );
    const day = written.rows[0]?.day;
    if (day !== undefined) await recomputeRows(client, day, [...new Set(written.rows.map((row) => row.merchant_id))]);
    return written.rows.length;
  });
}

/**
 * One event that arrives long after its day, for a random merchant of a random day of the wrong interval, together with
 * that merchant's row: feed and base change in one transaction. Answers null when the chosen day has no events.
 */
export async function writeLateEvent(client: Client, random: () => number): Promise<LateEvent | null> {
  return withTransaction(client, async () => {
    const { rows } = await client.query<LateEvent>(
      `insert into staging.revenue_events (merchant_id, occurred_at, revenue_date, gross, tax, channel, kind, tax_mode)
       select merchant_id, occurred_at, revenue_date, gross, tax, channel, kind, tax_mode
       from staging.revenue_events
       where revenue_date = date '${WRONG_DAYS.first}'
         + cast(floor($1::float8 * (date '${WRONG_DAYS.last}' - date '${WRONG_DAYS.first}' + 1)) as integer)
       order by hashint8extended(event_id, $2::bigint)
       limit 1
       returning revenue_date::text as "revenueDate", merchant_id as "merchantId", event_id as "eventId"`,
      [random(), Math.floor(random() * 2 ** 31)],
    );
    const late = rows[0];
    if (late === undefined) return null;
    await recomputeRows(client, late.revenueDate, [late.merchantId]);
    return late;
  });
}

/**
 * The fixed logic: tax that prices contain is not revenue. Before the feed carried tax_mode, the merchant's flag says it.
 * Merchants are written in key order so that two writers cannot wait for each other.
 */
async function recomputeRows(client: Client, day: string, merchantIds: readonly string[]): Promise<void> {
  await client.query(
    `insert into finance.daily_revenue as row
       (revenue_date, merchant_id, gross_revenue, net_revenue, tax_amount, event_count, refund_count, updated_at)
     select
       $1::date, event.merchant_id, sum(event.gross),
       sum(event.gross) - coalesce(sum(event.tax) filter (where
         coalesce(event.tax_mode = 'inclusive', merchant.pays_tax_inclusive)), 0),
       sum(event.tax), count(*), count(*) filter (where event.gross < 0), clock_timestamp()
     from staging.revenue_events event
     join staging.merchants merchant on merchant.merchant_id = event.merchant_id
     where event.revenue_date = $1::date and event.merchant_id = any ($2::bigint[])
     group by event.merchant_id
     order by event.merchant_id
     on conflict (revenue_date, merchant_id) do update set
       gross_revenue = excluded.gross_revenue,
       net_revenue = excluded.net_revenue,
       tax_amount = excluded.tax_amount,
       event_count = excluded.event_count,
       refund_count = excluded.refund_count,
       updated_at = excluded.updated_at`,
    [day, merchantIds],
  );
}
