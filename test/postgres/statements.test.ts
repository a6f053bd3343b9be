import { describe, expect, it } from 'vitest';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { deleteSlice } from '../../src/warehouse/postgres/statements/delete-slice.ts';
import { insertSlice } from '../../src/warehouse/postgres/statements/insert-slice.ts';
import { reconcileSlice } from '../../src/warehouse/postgres/statements/reconcile-slice.ts';
import { EXPECTS_NOTHING } from '../support/expectations.ts';

/** As little of a plan as the builders read; one name needs quoting. */
const PLAN = {
  backfillId: 'fix-tax',
  table: { schema: 'finance', name: 'Sales' },
  shadow: { schema: 'finance', name: 'Sales_v2' },
  snapshot: { schema: 'finance', name: 'sales_before' },
  keyType: 'date',
  uniqueKey: ['merchant', 'day'],
  comparedColumns: ['day', 'merchant', 'net'],
  addedColumns: [],
  columns: [
    { name: 'day', notNull: true },
    { name: 'merchant', notNull: true },
    { name: 'net', notNull: false },
  ],
  spec: {
    validation: {
      ...EXPECTS_NOTHING,
      tolerances: { net: { absolute: 0.01, relativePercent: 0.5, drift: 1 } },
    },
  },
  eras: [
    {
      from: '2024-01-01',
      file: 'a.sql',
      sha256: '',
      text: 'select day, merchant, net from a where day >= :partition_start and day < :partition_end',
    },
    { from: '2025-01-01', file: 'model.sql', sha256: '', text: 'select day, merchant, net from model -- all of it' },
  ],
  contract: {
    partition: { key: 'day', grain: 'day', timeZone: null },
    required: ['net'],
    dimensions: ['merchant'],
    personal: [],
    measures: { net: 'sum(net)' },
    explanations: { tax: 'new.net = old.net - 1' },
  },
} as unknown as BackfillPlan;

const SLICE = { start: '2025-01-01', end: '2025-01-02', era: 1 };

describe('the statement that', () => {
  it('empties a partition', () => {
    expect(deleteSlice(PLAN, SLICE)).toMatchInlineSnapshot(`
      {
        "text": "DELETE FROM "finance"."Sales_v2" WHERE "day" >= $1::date AND "day" < $2::date",
        "values": [
          "2025-01-01",
          "2025-01-02",
        ],
      }
    `);
  });

  it('builds a partition from the sources', () => {
    expect(insertSlice(PLAN, SLICE)).toMatchInlineSnapshot(`
      {
        "text": "INSERT INTO "finance"."Sales_v2" ("day", "merchant", "net", recalculated_at, backfill_id)
      SELECT "day", "merchant", "net", clock_timestamp(), $3::text FROM (
      select day, merchant, net from a where day >= $1::date and day < $2::date
      ) corrected ORDER BY "day", "merchant"",
        "values": [
          "2025-01-01",
          "2025-01-02",
          "fix-tax",
        ],
      }
    `);
  });

  it('builds a partition from a compiled model, narrowed from outside', () => {
    expect(insertSlice(PLAN, { ...SLICE, era: 2 }).text).toMatchInlineSnapshot(`
      "INSERT INTO "finance"."Sales_v2" ("day", "merchant", "net", recalculated_at, backfill_id)
      SELECT "day", "merchant", "net", clock_timestamp(), $3::text FROM (
      SELECT * FROM (
      select day, merchant, net from model
      ) model WHERE "day" >= $1::date AND "day" < $2::date
      ) corrected ORDER BY "day", "merchant""
    `);
  });

  it('reconciles a batch three ways', () => {
    expect(reconcileSlice(PLAN, { ...SLICE, batch: 1 })).toMatchInlineSnapshot(`
      {
        "text": "WITH pairs AS MATERIALIZED (SELECT old AS o, new AS n, base AS b, (old."day" IS NOT NULL) AS has_old, (new."day" IS NOT NULL) AS has_new, (base."day" IS NOT NULL) AS has_base, (old."day" IS NOT NULL) IS DISTINCT FROM (base."day" IS NOT NULL) OR ROW(old."day", old."merchant", old."net") IS DISTINCT FROM ROW(base."day", base."merchant", base."net") AS live,
             compared.class, reasons.all_of, reasons.all_of[1] AS reason, CASE compared.class WHEN 'changed' THEN array_to_string(ARRAY[CASE WHEN old."day" IS DISTINCT FROM new."day" THEN 'day' END, CASE WHEN old."merchant" IS DISTINCT FROM new."merchant" THEN 'merchant' END, CASE WHEN old."net" IS DISTINCT FROM new."net" THEN 'net' END], ', ') END AS signature
        FROM (SELECT * FROM "finance"."sales_before" WHERE "day" >= $1::date AND "day" < $2::date) old FULL JOIN (SELECT * FROM "finance"."Sales_v2" WHERE "day" >= $1::date AND "day" < $2::date) new ON old."merchant" = new."merchant" AND old."day" = new."day"
        FULL JOIN (SELECT * FROM "finance"."Sales" WHERE "day" >= $1::date AND "day" < $2::date) base ON coalesce(old."merchant", new."merchant") = base."merchant" AND coalesce(old."day", new."day") = base."day"
        CROSS JOIN LATERAL (SELECT CASE WHEN NOT (old."day" IS NOT NULL) THEN 'added' WHEN NOT (new."day" IS NOT NULL) THEN 'removed' WHEN NOT (ROW(old."day", old."merchant", old."net") IS DISTINCT FROM ROW(new."day", new."merchant", new."net")) THEN 'same'
             WHEN ROW(old."day", old."merchant") IS NOT DISTINCT FROM ROW(new."day", new."merchant") AND (old."net" IS NOT DISTINCT FROM new."net" OR coalesce(old."net"::numeric NOT IN ('NaN', 'Infinity', '-Infinity'), false) AND coalesce(new."net"::numeric NOT IN ('NaN', 'Infinity', '-Infinity'), false) AND abs(old."net"::numeric - new."net"::numeric) <= greatest(0.01::numeric, 0.5::numeric / 100 * greatest(abs(old."net"::numeric), abs(new."net"::numeric)))) THEN 'tolerated' ELSE 'changed' END AS class) compared
        CROSS JOIN LATERAL (SELECT CASE WHEN compared.class NOT IN ('same', 'tolerated') THEN array_remove(ARRAY[CASE WHEN (new.net = old.net - 1) THEN 'tax' END]::text[], NULL) END AS all_of) reasons),
           new_rows AS (SELECT (n).* FROM pairs WHERE has_new),
           bounds AS (SELECT array_agg(lo ORDER BY lo) AS starts FROM (SELECT partition_start::date AS lo FROM governance.backfill_partitions WHERE backfill_id = $3 AND batch = $4::int) p),
           amounts AS MATERIALIZED (SELECT pairs.o, pairs.n, pairs.class, pairs.reason, pairs.signature,
                  CASE WHEN pairs.class = 'tolerated' THEN 'tolerated' WHEN pairs.reason IS NULL THEN 'unexplained' ELSE 'explained:' || pairs.reason END AS piece, before.*, after.*
             FROM pairs,
             LATERAL (SELECT sum(net) AS before_0 FROM (SELECT (o).*) one WHERE has_old) before,
             LATERAL (SELECT sum(net) AS after_0 FROM (SELECT (n).*) one WHERE has_new) after WHERE NOT pairs.live AND pairs.class <> 'same')
      SELECT jsonb_build_object('rowsOld', count(*) FILTER (WHERE has_old), 'rowsNew', count(*) FILTER (WHERE has_new), 'rowsSame', count(*) FILTER (WHERE NOT live AND class = 'same'), 'rowsChanged', count(*) FILTER (WHERE NOT live AND class = 'changed'), 'rowsAdded', count(*) FILTER (WHERE NOT live AND class = 'added'), 'rowsRemoved', count(*) FILTER (WHERE NOT live AND class = 'removed'), 'rowsTolerated', count(*) FILTER (WHERE NOT live AND class = 'tolerated'), 'rowsLive', count(*) FILTER (WHERE live), 'duplicateKeys', CASE WHEN EXISTS (SELECT FROM pg_index i WHERE i.indrelid = '"finance"."Sales_v2"'::regclass AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
          AND (SELECT array_agg(a.attname::text ORDER BY a.attname::text COLLATE "C") FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))
            = (SELECT array_agg(k ORDER BY k COLLATE "C") FROM unnest(ARRAY['merchant', 'day']::text[]) k)) THEN 0 ELSE (SELECT count(*) - count(DISTINCT ROW("merchant", "day")) FROM new_rows) END, 'uniqueIndexMissing', CASE WHEN EXISTS (SELECT FROM pg_index i WHERE i.indrelid = '"finance"."Sales_v2"'::regclass AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
          AND (SELECT array_agg(a.attname::text ORDER BY a.attname::text COLLATE "C") FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))
            = (SELECT array_agg(k ORDER BY k COLLATE "C") FROM unnest(ARRAY['merchant', 'day']::text[]) k)) THEN 0 ELSE 1 END, 'rowsOutside', (SELECT greatest(abs(count(*) - (SELECT coalesce(sum(rows), 0) FROM governance.backfill_partitions WHERE backfill_id = $3 AND state = 'built' AND batch = $4::int)), count(*) FILTER (WHERE backfill_id IS DISTINCT FROM $3::text))::bigint FROM new_rows), 'nulls', jsonb_build_object('net', count(*) FILTER (WHERE has_new AND (n)."net" IS NULL)), 'explained', jsonb_build_object('tax', count(*) FILTER (WHERE NOT live AND reason = 'tax')), 'unexplained', count(*) FILTER (WHERE NOT live AND class NOT IN ('same', 'tolerated') AND reason IS NULL), 'types', (SELECT jsonb_build_object('net', pg_typeof(sum(net))::text) FROM (SELECT (n).* FROM pairs LIMIT 0) none), 'deltas', (SELECT coalesce(jsonb_object_agg(bucket, jsonb_build_object('rows', rows::text, 'delta', delta::text)), '{}')
           FROM (SELECT CASE WHEN moved IN ('NaN', 'Infinity', '-Infinity') THEN 'no number' WHEN moved = 0 THEN '0'
                 ELSE CASE WHEN moved < 0 THEN '-' ELSE '+' END || (ARRAY['<0.01', '0.01', '0.1', '1', '10', '100', '1000', '10000', '100000', '1000000'])[width_bucket(abs(moved), ARRAY[0.01::numeric, 0.1::numeric, 1::numeric, 10::numeric, 100::numeric, 1000::numeric, 10000::numeric, 100000::numeric, 1000000::numeric]) + 1] END AS bucket, count(*) AS rows, sum(moved) AS delta FROM (SELECT (coalesce(after_0, 0) - coalesce(before_0, 0))::numeric AS moved FROM amounts) one GROUP BY 1) counted), 'overlaps', (SELECT coalesce(jsonb_object_agg(reasons, rows), '{}') FROM (SELECT array_to_string(all_of, ' + ') AS reasons, count(*) AS rows FROM pairs WHERE NOT live AND cardinality(all_of) > 1 GROUP BY 1) found), 'signatures', (SELECT coalesce(jsonb_object_agg(signature, rows), '{}') FROM (SELECT signature, count(*) AS rows FROM pairs WHERE NOT live AND signature IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20) found), 'tolerated', jsonb_build_object('net', jsonb_build_object('signed', coalesce(sum(((n)."net"::numeric - (o)."net"::numeric)) FILTER (WHERE NOT live AND class = 'tolerated' AND (o)."net" IS DISTINCT FROM (n)."net"), 0)::text, 'absolute', coalesce(sum(abs(((n)."net"::numeric - (o)."net"::numeric))) FILTER (WHERE NOT live AND class = 'tolerated' AND (o)."net" IS DISTINCT FROM (n)."net"), 0)::text))) AS counts,
        (SELECT jsonb_agg(lo::text ORDER BY n) FROM bounds, unnest(starts) WITH ORDINALITY s(lo, n)) AS partitions,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('side', side, 'kind', kind, 'live', live, 'value', value, 'rows', rows, 'among', among, 'measures', measures)), '[]')
          FROM (SELECT *, count(*) OVER (PARTITION BY side, kind) AS among, row_number() OVER (PARTITION BY side, kind) AS place FROM (SELECT 'old' AS side, CASE WHEN GROUPING("compared: slot") = 0 THEN 'partition' WHEN GROUPING("merchant") = 0 THEN 'by:merchant' WHEN GROUPING("compared: live") = 0 THEN 'live' ELSE 'all' END AS kind,
                 "compared: live" AS live, CASE WHEN GROUPING("compared: slot") = 0 THEN "compared: slot"::text WHEN GROUPING("merchant") = 0 THEN "merchant"::text END AS value, count(*) AS rows, jsonb_build_object('net', coalesce(sum(net), 0)::text) AS measures
            FROM (SELECT live AS "compared: live", width_bucket((o)."day", (SELECT starts FROM bounds)) AS "compared: slot", (o).* FROM pairs WHERE has_old) one
           GROUP BY GROUPING SETS ((), ("compared: live"), ("compared: slot", "compared: live"), ("compared: live", "merchant"))
          UNION ALL SELECT 'new' AS side, CASE WHEN GROUPING("compared: slot") = 0 THEN 'partition' WHEN GROUPING("merchant") = 0 THEN 'by:merchant' WHEN GROUPING("compared: live") = 0 THEN 'live' ELSE 'all' END AS kind,
                 "compared: live" AS live, CASE WHEN GROUPING("compared: slot") = 0 THEN "compared: slot"::text WHEN GROUPING("merchant") = 0 THEN "merchant"::text END AS value, count(*) AS rows, jsonb_build_object('net', coalesce(sum(net), 0)::text) AS measures
            FROM (SELECT live AS "compared: live", width_bucket((n)."day", (SELECT starts FROM bounds)) AS "compared: slot", (n).* FROM pairs WHERE has_new) one
           GROUP BY GROUPING SETS ((), ("compared: live"), ("compared: slot", "compared: live"), ("compared: live", "merchant"))
          UNION ALL SELECT 'base', 'live', true, NULL, count(*), jsonb_build_object('net', coalesce(sum(net), 0)::text) FROM (SELECT (b).* FROM pairs WHERE has_base AND live) one) grouped WHERE kind NOT LIKE 'by:%' OR NOT live) counted
         WHERE kind NOT LIKE 'by:%' OR among <= 1000 OR place = 1) AS groups,
        (SELECT coalesce(jsonb_object_agg(piece, measures), '{}') FROM (SELECT piece, jsonb_build_object('net', jsonb_build_object('delta', sum((coalesce(after_0, 0) - coalesce(before_0, 0)))::text, 'absolute', sum(abs((coalesce(after_0, 0) - coalesce(before_0, 0))))::text)) AS measures FROM amounts GROUP BY piece) pieces) AS pieces,
        coalesce((SELECT jsonb_agg(jsonb_build_object('key', key, 'class', class, 'old', before_0::text, 'new', after_0::text, 'explanation', reason, 'columns', signature) ORDER BY place) FROM (SELECT *, row_number() OVER (ORDER BY size DESC, coalesce((o)."merchant", (n)."merchant"), coalesce((o)."day", (n)."day")) AS place FROM (SELECT *, abs((coalesce(after_0, 0) - coalesce(before_0, 0))) AS size
           FROM amounts ORDER BY size DESC, coalesce((o)."merchant", (n)."merchant"), coalesce((o)."day", (n)."day") LIMIT 100) most) top, LATERAL (SELECT jsonb_build_object('merchant', coalesce((o)."merchant", (n)."merchant"), 'day', coalesce((o)."day", (n)."day")) AS key) keyed), '[]') AS "topRows",
        jsonb_build_object(
          'changed', coalesce((SELECT jsonb_agg(row ORDER BY place) FROM (SELECT hash_record_extended(ROW(coalesce((o)."merchant", (n)."merchant"), coalesce((o)."day", (n)."day")), 0) AS place, jsonb_build_object('key', key, 'class', amounts.class, 'old', before_0::text, 'new', after_0::text, 'explanation', reason, 'columns', signature) AS row FROM amounts, LATERAL (SELECT jsonb_build_object('merchant', coalesce((o)."merchant", (n)."merchant"), 'day', coalesce((o)."day", (n)."day")) AS key) keyed ORDER BY place LIMIT 5) drawn), '[]'),
          'unchanged', coalesce((SELECT jsonb_agg(row ORDER BY place) FROM (SELECT place, jsonb_build_object('key', key, 'class', 'same', 'old', amount, 'new', amount, 'explanation', NULL, 'columns', NULL) AS row FROM (SELECT hash_record_extended(ROW(coalesce((o)."merchant", (n)."merchant"), coalesce((o)."day", (n)."day")), 0) AS place, o, n FROM pairs WHERE NOT live AND class = 'same' ORDER BY place LIMIT 5) drawn, LATERAL (SELECT jsonb_build_object('merchant', coalesce((o)."merchant", (n)."merchant"), 'day', coalesce((o)."day", (n)."day")) AS key, (SELECT (sum(net))::text FROM (SELECT (n).*) one) AS amount) keyed ORDER BY place LIMIT 5) drawn), '[]')) AS samples
      FROM pairs",
        "values": [
          "2025-01-01",
          "2025-01-02",
          "fix-tax",
          1,
        ],
      }
    `);
  });
});

describe('a partition of an era that the plan does not have', () => {
  it('is an error, not the rules of another era', () => {
    expect(() => insertSlice(PLAN, { ...SLICE, era: 3 })).toThrow('no era of the transform covers 2025-01-01');
  });
});
