import { describe, expect, it } from 'vitest';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { deleteSlice } from '../../src/warehouse/postgres/statements/delete-slice.ts';
import { insertSlice } from '../../src/warehouse/postgres/statements/insert-slice.ts';
import { reconcileSlice } from '../../src/warehouse/postgres/statements/reconcile-slice.ts';

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
        "text": "WITH old AS (SELECT * FROM "finance"."sales_before" WHERE "day" >= $1::date AND "day" < $2::date),
           new AS (SELECT * FROM "finance"."Sales_v2" WHERE "day" >= $1::date AND "day" < $2::date),
           base AS (SELECT * FROM "finance"."Sales" WHERE "day" >= $1::date AND "day" < $2::date),
      pairs AS MATERIALIZED (
        SELECT old AS o, new AS n, base AS b, (old."merchant" IS NOT NULL) AS has_old, (new."merchant" IS NOT NULL) AS has_new, (base."merchant" IS NOT NULL) AS has_base,
               (old."merchant" IS NOT NULL) IS DISTINCT FROM (base."merchant" IS NOT NULL) OR ROW(old."day", old."merchant", old."net") IS DISTINCT FROM ROW(base."day", base."merchant", base."net") AS live,
               CASE WHEN NOT (old."merchant" IS NOT NULL) THEN 'added' WHEN NOT (new."merchant" IS NOT NULL) THEN 'removed'
                    WHEN ROW(old."day", old."merchant", old."net") IS DISTINCT FROM ROW(new."day", new."merchant", new."net") THEN 'changed' ELSE 'same' END AS class,
               CASE WHEN (new.net = old.net - 1) THEN 'tax' END AS explanation
          FROM old FULL JOIN new ON old."merchant" = new."merchant" AND old."day" = new."day"
          FULL JOIN base ON coalesce(old."merchant", new."merchant") = base."merchant" AND coalesce(old."day", new."day") = base."day"
      ), old_rows AS (SELECT (o).* FROM pairs WHERE has_old AND NOT live),
         new_rows AS (SELECT (n).* FROM pairs WHERE has_new AND NOT live),
         live_before AS (SELECT (o).* FROM pairs WHERE has_old AND live),
         live_after AS (SELECT (b).* FROM pairs WHERE has_base AND live)
      SELECT jsonb_build_object(
        'rowsOld', (SELECT count(*) FROM old), 'rowsNew', (SELECT count(*) FROM new),
        'rowsSame', count(*) FILTER (WHERE NOT live AND class = 'same'), 'rowsChanged', count(*) FILTER (WHERE NOT live AND class = 'changed'),
        'rowsAdded', count(*) FILTER (WHERE NOT live AND has_new AND class = 'added'), 'rowsRemoved', count(*) FILTER (WHERE NOT live AND has_old AND class = 'removed'),
        'rowsLive', count(*) FILTER (WHERE live),
        'duplicateKeys', (SELECT count(*) - count(DISTINCT ROW("merchant", "day")) FROM new),
        'uniqueIndexMissing', CASE WHEN EXISTS (SELECT FROM pg_index i WHERE i.indrelid = '"finance"."Sales_v2"'::regclass AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
          AND (SELECT array_agg(a.attname::text ORDER BY a.attname::text COLLATE "C") FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))
            = (SELECT array_agg(k ORDER BY k COLLATE "C") FROM unnest(ARRAY['merchant', 'day']::text[]) k)) THEN 0 ELSE 1 END,
        'rowsOutside', (SELECT greatest(abs(count(*) - (SELECT coalesce(sum(rows), 0) FROM governance.backfill_partitions WHERE backfill_id = $3 AND state = 'built' AND batch = $4::int)), count(*) FILTER (WHERE backfill_id IS DISTINCT FROM $3::text))::bigint FROM new),
        'nulls', jsonb_build_object('net', (SELECT count(*) FROM new WHERE "net" IS NULL)),
        'measures', jsonb_build_object('net', jsonb_build_object('old', coalesce((SELECT sum(net) FROM old_rows), 0)::text, 'new', coalesce((SELECT sum(net) FROM new_rows), 0)::text)),
        'liveMeasures', jsonb_build_object('net', jsonb_build_object('old', coalesce((SELECT sum(net) FROM live_before), 0)::text, 'new', coalesce((SELECT sum(net) FROM live_after), 0)::text)),
        'explained', jsonb_build_object('tax', count(*) FILTER (WHERE NOT live AND class = 'changed' AND explanation = 'tax')),
        'unexplained', count(*) FILTER (WHERE NOT live AND class <> 'same' AND explanation IS NULL)) AS figures,
        coalesce((SELECT jsonb_agg(jsonb_build_object('key', top.key, 'class', top.class, 'old', top.before::text, 'new', top.after::text, 'explanation', top.explanation) ORDER BY top.size DESC)
         FROM (SELECT jsonb_build_object('merchant', coalesce((o)."merchant", (n)."merchant"), 'day', coalesce((o)."day", (n)."day")) AS key, class, explanation, before, after, abs(coalesce(after, 0) - coalesce(before, 0)) AS size
                 FROM pairs, LATERAL (SELECT (SELECT sum(net) FROM (SELECT (o).*) one WHERE has_old) AS before, (SELECT sum(net) FROM (SELECT (n).*) one WHERE has_new) AS after) amounts
                WHERE NOT live AND class <> 'same' ORDER BY size DESC LIMIT 10) top), '[]') AS "topRows"
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
