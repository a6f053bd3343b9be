import { CONTRACT, CORRECTED, SALES, SPEC } from './sales-scenario.ts';
import type { Scenario } from './small-dataset.ts';

/** Who quotes prices with the tax in them stands in a table of its own, which is not partitioned. */
const MERCHANTS = `
create table staging.merchants (merchant bigint primary key, quotes_tax boolean not null, note json);
insert into staging.merchants select m, m % 2 = 1, null from generate_series(1, 5) m;
alter table staging.merchants owner to staging_owner;
grant select on staging.merchants to backfill_worker;
analyze;`;

/** Seven batches of two days; corrected rows depend on a reference input. */
export const WITH_MERCHANTS: Partial<Scenario> = {
  tables: SALES.tables + MERCHANTS,
  contract: CONTRACT.replace('source_totals:', 'reference_inputs: [staging.merchants]\nsource_totals:'),
  files: {
    ...SALES.files,
    'corrected.sql': CORRECTED.replace(
      'from staging.sales s',
      'from staging.sales s join staging.merchants r using (merchant)',
    )
      .replaceAll('s.merchant % 2 = 1', 'r.quotes_tax')
      .replaceAll('s.merchant', 'merchant'),
  },
  spec: SPEC.replace('partitions_per_batch: 7', 'partitions_per_batch: 2').replace('"-8% to -1%"', '"-12% to 0%"'),
};

/** Rows in which a table differs from what the sources give now, both ways. */
export function notOfToday(table: string): string {
  return `WITH truth AS (SELECT s.day, s.merchant, sum(s.gross - CASE WHEN r.quotes_tax THEN s.tax ELSE 0 END) AS net
                           FROM staging.sales s JOIN staging.merchants r USING (merchant) WHERE s.day < '2025-01-15' GROUP BY 1, 2),
     built AS (SELECT day, merchant, net FROM ${table} WHERE day < '2025-01-15')
SELECT count(*)::int AS rows FROM ((TABLE truth EXCEPT TABLE built) UNION ALL (TABLE built EXCEPT TABLE truth)) d`;
}
