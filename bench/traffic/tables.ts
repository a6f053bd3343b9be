/** Sixty-three days; the thirty-five from `FIRST` on are corrected, so that January and February lie across an edge each. */
export const HISTORY = { first: '2024-12-20', last: '2025-02-20' } as const;
export const CORRECTED = { start: '2025-01-06', end: '2025-02-10' } as const;

export const DATASET = 'finance.sales_by_day';
export const BACKFILL_ID = 'traffic';

/** Nobody writes rows of merchants below this: they tell old from new whatever the writers do. */
export const WITNESSES_BELOW = 100;
/** Writer `n` writes merchants `n * 100` to `n * 100 + 3` and no other, so that no two writers overwrite each other. */
export const WRITERS = 4;

/** Above the writers': whoever watches one write of its own has this merchant to itself. */
export const SPARE_MERCHANT = 900;

const MERCHANTS = `(SELECT m FROM generate_series(1, 6) m UNION ALL SELECT ${SPARE_MERCHANT} UNION ALL SELECT w * 100 + k FROM generate_series(1, ${WRITERS}) w, generate_series(0, 3) k)`;
const INSIDE = `day >= date '${CORRECTED.start}' AND day < date '${CORRECTED.end}'`;

/**
 * Odd merchants quote prices that contain the tax; until the end of the interval the base counted it as revenue. `truth`
 * holds each row as the base shows it and as it is once corrected; whoever writes a row writes its truth in the same transaction.
 */
export const TABLES = `
CREATE SCHEMA staging AUTHORIZATION staging_owner;
CREATE SCHEMA finance AUTHORIZATION finance_owner;
CREATE SCHEMA traffic;
GRANT USAGE ON SCHEMA staging TO revenue_pipeline, backfill_worker;
GRANT USAGE ON SCHEMA finance TO revenue_pipeline, dashboard, finance_export;
GRANT USAGE, CREATE ON SCHEMA finance TO finance_views, backfill_worker;
GRANT USAGE ON SCHEMA traffic TO revenue_pipeline, dashboard, finance_export;

CREATE TABLE staging.sales (
  sale_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  day date NOT NULL, merchant bigint NOT NULL, gross numeric(12, 2) NOT NULL, tax numeric(12, 2) NOT NULL
);
INSERT INTO staging.sales (day, merchant, gross, tax)
SELECT d, m, 40 + (m * 13 + s * 7 + (d - date '2024-12-01') * 3) % 31, (5 + (m + s) % 3)::numeric / 2
  FROM generate_series(date '${HISTORY.first}', date '${HISTORY.last}', interval '1 day') g, LATERAL (SELECT g::date AS d) days,
       ${MERCHANTS} merchants, generate_series(1, 2) s;
CREATE INDEX ON staging.sales (day, merchant);
ALTER TABLE staging.sales OWNER TO staging_owner;
GRANT SELECT ON staging.sales TO backfill_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON staging.sales TO revenue_pipeline;

CREATE TABLE finance.sales_by_day (
  day date NOT NULL, merchant bigint NOT NULL, gross numeric(14, 2) NOT NULL, net numeric(14, 2), tax numeric(14, 2) NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (day, merchant)
);
INSERT INTO finance.sales_by_day (day, merchant, gross, net, tax)
SELECT day, merchant, sum(gross), sum(gross - CASE WHEN NOT (${INSIDE}) AND merchant % 2 = 1 THEN tax ELSE 0 END), sum(tax)
  FROM staging.sales GROUP BY day, merchant;
ALTER TABLE finance.sales_by_day OWNER TO finance_owner;
GRANT SELECT ON finance.sales_by_day TO finance_views, backfill_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON finance.sales_by_day TO revenue_pipeline;

CREATE VIEW finance.sales_current AS SELECT day, merchant, gross, net, tax, updated_at FROM finance.sales_by_day;
ALTER VIEW finance.sales_current OWNER TO finance_views;
GRANT SELECT ON finance.sales_current TO dashboard, backfill_worker;
CREATE VIEW finance.sales_by_merchant AS
  SELECT day, merchant, net, merchant < ${WITNESSES_BELOW} AS witness FROM finance.sales_current;
ALTER VIEW finance.sales_by_merchant OWNER TO finance_views;
GRANT SELECT ON finance.sales_by_merchant TO finance_export;

CREATE TABLE traffic.truth (
  day date NOT NULL, merchant bigint NOT NULL, gross numeric(14, 2) NOT NULL, tax numeric(14, 2) NOT NULL,
  live numeric(14, 2) NOT NULL, corrected numeric(14, 2) NOT NULL, PRIMARY KEY (day, merchant)
) WITH (fillfactor = 50);
INSERT INTO traffic.truth (day, merchant, gross, tax, live, corrected)
SELECT day, merchant, gross, tax, net, CASE WHEN ${INSIDE} AND merchant % 2 = 1 THEN net - tax ELSE net END FROM finance.sales_by_day;
GRANT SELECT, INSERT, UPDATE, DELETE ON traffic.truth TO revenue_pipeline;
ANALYZE;
`;

const CORRECTED_SQL = `
SELECT s.day, s.merchant, cast(sum(s.gross) AS numeric(14, 2)) AS gross,
  cast(sum(s.gross - CASE WHEN s.merchant % 2 = 1 THEN s.tax ELSE 0 END) AS numeric(14, 2)) AS net,
  cast(sum(s.tax) AS numeric(14, 2)) AS tax
FROM staging.sales s
WHERE s.day >= :partition_start AND s.day < :partition_end
GROUP BY s.day, s.merchant
`;

const GROSS_SQL = `
SELECT s.day AS partition_start, sum(s.gross) AS value FROM staging.sales s
WHERE s.day >= :range_start AND s.day < :range_end GROUP BY s.day
`;

const CONTRACT = `
dataset: ${DATASET}
owner: data
approvers: [controller, director]
sign_off: [data, bi]
published_view: finance.sales_current
partition: { key: day, grain: day }
unique_key: [day, merchant]
required: [net]
measures: { net: sum(net), gross: sum(gross) }
transform:
  corrected:
    - { from: 2024-01-01, sql: corrected.sql }
source_totals:
  gross: { sql: gross.sql, tolerance: 0 }
explanations:
  tax_was_included: "new.net = old.net - old.tax"
live_pipeline: {}
`;

/** What the contracts folder holds, by path. */
export const CONTRACT_FILES: Readonly<Record<string, string>> = {
  'dataset.contract.yaml': CONTRACT,
  'corrected.sql': CORRECTED_SQL,
  'gross.sql': GROSS_SQL,
};

/** Late writes come without end, so the envelope is wide: here they are followed, not asked about. */
export const SPEC = `
backfill_id: ${BACKFILL_ID}
owner: data
source_range: { start: ${CORRECTED.start}, end: 2025-02-09 }
target: { table: ${DATASET}, partition_key: day }
reason: { issue: FIN-7, change: Tax is no revenue }
execution: { partitions_per_batch: 7, max_concurrency: 2 }
validation: { row_count_tolerance: 0, net_delta_expected: "-10% to 0%" }
publication: { late_drift: { partitions: 100%, measure: 100% } }
rollback: { snapshot: finance.sales_before }
`;
