import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureRoles, derivedRolePassword } from '../../examples/daily-revenue/roles.ts';
import { withClient, withLogin } from '../../examples/daily-revenue/with-client.ts';
import { install } from '../../src/ledger/install.ts';
import { emptyDatabase } from '../support/empty-database.ts';

const DATABASE = 'scale';
const FIRST_HOUR = '2010-01-01';
const INTERVAL = (partitions: number): string =>
  `hour >= timestamp '${FIRST_HOUR}' AND hour < timestamp '${FIRST_HOUR}' + ${partitions} * interval '1 hour'`;

/**
 * Hours of three rows: of so many partitions, the work on each is little more than its fixed cost. Every row changes by the
 * same share, so that no step of the corrected series is another than the old one's.
 */
function tables(partitions: number): string {
  return `
CREATE SCHEMA staging AUTHORIZATION staging_owner;
CREATE SCHEMA finance AUTHORIZATION finance_owner;
GRANT USAGE ON SCHEMA staging TO backfill_worker;
GRANT USAGE ON SCHEMA finance TO revenue_pipeline;
GRANT USAGE, CREATE ON SCHEMA finance TO finance_views, backfill_worker;

CREATE TABLE staging.calls (hour timestamp NOT NULL, line int NOT NULL, seconds int NOT NULL, idle int NOT NULL);
INSERT INTO staging.calls SELECT timestamp '${FIRST_HOUR}' + h * interval '1 hour', l, seconds, seconds / 20
  FROM generate_series(0, ${partitions + 47}) h, generate_series(1, 3) l, LATERAL (SELECT 6000 + (h * 13 + l * 7) % 900 AS seconds) calls;
CREATE INDEX ON staging.calls (hour);
ALTER TABLE staging.calls OWNER TO staging_owner;
GRANT SELECT ON staging.calls TO backfill_worker;

CREATE TABLE finance.calls_by_hour (hour timestamp NOT NULL, line int NOT NULL, seconds bigint NOT NULL, updated_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (hour, line));
INSERT INTO finance.calls_by_hour (hour, line, seconds) SELECT hour, line, sum(seconds - CASE WHEN ${INTERVAL(partitions)} THEN 0 ELSE idle END) FROM staging.calls GROUP BY hour, line;
ALTER TABLE finance.calls_by_hour OWNER TO finance_owner;
GRANT SELECT ON finance.calls_by_hour TO finance_views, backfill_worker;
CREATE VIEW finance.calls_current AS SELECT hour, line, seconds, updated_at FROM finance.calls_by_hour;
ALTER VIEW finance.calls_current OWNER TO finance_views;
GRANT SELECT ON finance.calls_current TO dashboard, backfill_worker;
ANALYZE;
`;
}

const FILES: Readonly<Record<string, string>> = {
  'calls.contract.yaml': `
dataset: finance.calls_by_hour
owner: data
approvers: [controller]
sign_off: [data]
published_view: finance.calls_current
partition: { key: hour, grain: hour }
unique_key: [hour, line]
required: [seconds]
measures: { seconds: sum(seconds) }
transform: { corrected: [{ from: 2009-01-01, sql: corrected.sql }] }
live_pipeline: {}
`,
  'corrected.sql': `
SELECT c.hour, c.line, sum(c.seconds - c.idle) AS seconds FROM staging.calls c
WHERE c.hour >= :partition_start AND c.hour < :partition_end GROUP BY c.hour, c.line
`,
};

export function specOf(backfillId: string, partitions: number): string {
  const first = Date.parse(`${FIRST_HOUR}T00:00:00Z`);
  const last = new Date(first + (partitions / 24 - 1) * 86_400_000).toISOString().slice(0, 10);
  return `
backfill_id: ${backfillId}
owner: data
source_range: { start: ${FIRST_HOUR}, end: ${last} }
target: { table: finance.calls_by_hour, partition_key: hour }
reason: { issue: ${backfillId.toUpperCase()}, change: Waiting is no call }
execution: { partitions_per_batch: 24, max_concurrency: 2, pause_during_live_pipeline: false }
validation: { row_count_tolerance: 0 }
rollback: { snapshot: finance.calls_before_${partitions} }
`;
}

/** Makes the database anew, with its ledger. Answers the worker's and the administrator's URLs. */
export async function makeDataset(
  serverUrl: string,
  contracts: string,
  partitions: number,
): Promise<{ readonly warehouseUrl: string; readonly adminUrl: string }> {
  const adminUrl = await emptyDatabase(serverUrl, DATABASE);
  const passwords = await ensureRoles(adminUrl, derivedRolePassword(serverUrl));
  await withClient(adminUrl, (client) => client.query(tables(partitions)));
  await install(adminUrl, {
    dataset: { schema: 'finance', name: 'calls_by_hour' },
    view: { schema: 'finance', name: 'calls_current' },
    partitionKey: 'hour',
    worker: 'backfill_worker',
    ledgerOwner: 'backfill_ledger',
  });
  for (const [path, text] of Object.entries(FILES)) await writeFile(join(contracts, path), text);
  return { adminUrl, warehouseUrl: withLogin(adminUrl, 'backfill_worker', passwords.backfill_worker) };
}
