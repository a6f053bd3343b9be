import type { InstallOptions } from '../../src/ledger/install.ts';
import type { Dates } from './dates.ts';

/** A table of one row a day and merchant, its only source, and the documents of one backfill over it. */
export const INSTALLED: InstallOptions = {
  dataset: { schema: 'finance', name: 'sales_by_day' },
  view: { schema: 'finance', name: 'sales_current' },
  partitionKey: 'day',
  worker: 'backfill_worker',
  ledgerOwner: 'backfill_ledger',
};
export const BASE = 'finance.sales_by_day';
export const VIEW = 'finance.sales_current';
export const SOURCE = 'staging.sales';
/** The base as it would be had nobody come: what writes with capture are compared with. */
export const UNCAPTURED = 'finance.sales_uncaptured';
export const BACKFILL_ID = 'bench-publication';

const COLUMNS = `day date NOT NULL, merchant bigint NOT NULL, gross numeric(14, 2) NOT NULL, net numeric(14, 2), tax numeric(14, 2) NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (day, merchant)`;

/** To be run as administrator, one statement after the other: the last one is allowed in no transaction. */
export function tables({ first, after, today }: Dates, rowsPerDay: number): readonly string[] {
  return [
    `CREATE SCHEMA staging AUTHORIZATION staging_owner;
     CREATE SCHEMA finance AUTHORIZATION finance_owner;
     GRANT USAGE ON SCHEMA staging TO revenue_pipeline, backfill_worker;
     GRANT USAGE ON SCHEMA finance TO revenue_pipeline, dashboard;
     GRANT USAGE, CREATE ON SCHEMA finance TO finance_views, backfill_worker;
     CREATE TABLE ${SOURCE} (day date NOT NULL, merchant bigint NOT NULL, gross numeric(12, 2) NOT NULL, tax numeric(12, 2) NOT NULL, PRIMARY KEY (day, merchant));
     INSERT INTO ${SOURCE}
     SELECT d::date, m, 40 + (m * 13 + extract(doy FROM d)::int * 7) % 31, (5 + m % 3)::numeric / 2
       FROM generate_series(date '${first}', date '${today}' - 1, interval '1 day') d, generate_series(1, ${rowsPerDay}) m;
     CREATE TABLE ${BASE} (${COLUMNS});
     INSERT INTO ${BASE} (day, merchant, gross, net, tax)
     SELECT day, merchant, gross, gross - CASE WHEN day >= date '${after}' AND merchant % 2 = 1 THEN tax ELSE 0 END, tax FROM ${SOURCE} ORDER BY 1, 2;
     CREATE TABLE ${UNCAPTURED} (${COLUMNS});
     INSERT INTO ${UNCAPTURED} SELECT * FROM ${BASE} ORDER BY 1, 2;
     CREATE VIEW ${VIEW} AS SELECT day, merchant, gross, net, tax, updated_at FROM ${BASE};
     ALTER TABLE ${SOURCE} OWNER TO staging_owner;
     ALTER TABLE ${BASE} OWNER TO finance_owner;
     ALTER TABLE ${UNCAPTURED} OWNER TO finance_owner;
     ALTER VIEW ${VIEW} OWNER TO finance_views;
     GRANT SELECT ON ${SOURCE} TO backfill_worker;
     GRANT SELECT, INSERT, UPDATE, DELETE ON ${SOURCE}, ${BASE}, ${UNCAPTURED} TO revenue_pipeline;
     GRANT SELECT ON ${BASE} TO finance_views, backfill_worker;
     GRANT SELECT ON ${VIEW} TO dashboard, backfill_worker, revenue_pipeline;`,
    `VACUUM (FREEZE, ANALYZE) ${SOURCE}, ${BASE}, ${UNCAPTURED}`,
  ];
}

/** Contract and transform, by file name. */
export const CONTRACT_FILES: Readonly<Record<string, string>> = {
  'dataset.contract.yaml': `
dataset: ${BASE}
owner: data
approvers: [controller]
sign_off: [data]
published_view: ${VIEW}
partition: { key: day, grain: day }
unique_key: [day, merchant]
required: [net]
measures: { net: sum(net), gross: sum(gross) }
transform:
  corrected:
    - { from: 2024-01-01, sql: corrected.sql }
live_pipeline: {}
`,
  'corrected.sql': `
SELECT s.day, s.merchant, cast(sum(s.gross) AS numeric(14, 2)) AS gross,
  cast(sum(s.gross - CASE WHEN s.merchant % 2 = 1 THEN s.tax ELSE 0 END) AS numeric(14, 2)) AS net,
  cast(sum(s.tax) AS numeric(14, 2)) AS tax
FROM ${SOURCE} s
WHERE s.day >= :partition_start AND s.day < :partition_end
GROUP BY s.day, s.merchant
`,
};

export function spec({ first, last }: Dates): string {
  return `
backfill_id: ${BACKFILL_ID}
owner: data
source_range: { start: ${first}, end: ${last} }
target: { table: ${BASE}, partition_key: day }
reason: { issue: BENCH-1, change: Tax is no revenue }
execution: { partitions_per_batch: 7, max_concurrency: 2 }
validation: { row_count_tolerance: 0, net_delta_expected: "-8% to -1%" }
rollback: { snapshot: finance.sales_before }
`;
}
