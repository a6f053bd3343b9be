import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { guardedSales, rolesOf } from '../support/guarded-sales.ts';
import { SPEC } from '../support/sales-scenario.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

const ENABLED = 'alter table finance.sales_by_day enable row level security;';
const named = rolesOf('planned');
const TABLE = 'ALTER TABLE finance.sales_by_day';

async function reasonsOf(world: SmallDataset): Promise<readonly string[]> {
  const draft = await world.draft();
  return draft.kind === 'refused' ? draft.reasons : [];
}

describe('a plan over a table with row security', () => {
  let world: SmallDataset;
  beforeAll(async () => {
    world = await createDataset(guardedSales({ view: 'security_invoker', security: ENABLED, named }));
  });
  afterAll(() => world.end());

  it('stands, has the policies that decide what is read, and says what readers will be given', async () => {
    const draft = await world.draft();
    expect(draft.kind === 'plan' && draft.plan).toMatchObject({
      securityInvoker: true,
      rowSecurity: {
        enabled: true,
        forced: false,
        policies: [
          { name: 'assigned', restrictive: false, roles: ['public'] },
          { name: 'not_moving', restrictive: true, roles: [named('south_desk')], using: '(merchant <> 5)' },
          { name: 'own_desk', restrictive: false, roles: ['public'] },
          { name: 'writes', restrictive: false, roles: ['revenue_pipeline'], using: 'true' },
        ],
      },
    });
    const about = (word: string) => expect.stringContaining(named(word)) as string;
    expect(draft.kind === 'plan' && draft.plan.warnings).toEqual(
      expect.arrayContaining([
        about('role north_desk reads view finance.sales_current with its own rights, so it may read'),
        about('role base_readers reads view'),
        about('gets SELECT on its columns in finance.sales_by_day_v2, and on dataset and backfill_id of governance'),
      ]),
    );
  });

  it.each<[string, string, string, string]>([
    [
      'the worker does not see every row',
      'ALTER ROLE guarded_worker NOBYPASSRLS',
      'ALTER ROLE guarded_worker BYPASSRLS',
      'guarded_worker does not see every row of finance.sales_by_day, which has row security; history built and compared without the others would be wrong: ALTER ROLE "guarded_worker" BYPASSRLS',
    ],
    [
      'the owner would not see every row of the overlay',
      'ALTER ROLE guarded_owner NOBYPASSRLS',
      'ALTER ROLE guarded_owner BYPASSRLS',
      'guarded_owner, who owns finance.sales_by_day and as whom corrected rows are moved into it, does not see every row of an overlay that carries the policies of finance.sales_by_day: ALTER ROLE "guarded_owner" BYPASSRLS',
    ],
    [
      'a policy reads the table itself',
      'CREATE POLICY again ON finance.sales_by_day USING (net < (SELECT max(net) FROM finance.sales_by_day))',
      'DROP POLICY again ON finance.sales_by_day',
      'policy again of finance.sales_by_day reads finance.sales_by_day itself: on the overlay it would be judged by rows of the base; write it without a sub-query on finance.sales_by_day',
    ],
    [
      'a policy reads the published view',
      'CREATE POLICY shown ON finance.sales_by_day USING (merchant IN (SELECT merchant FROM finance.sales_current))',
      'DROP POLICY shown ON finance.sales_by_day',
      'policy shown of finance.sales_by_day reads finance.sales_by_day itself: on the overlay it would be judged by rows of the base; write it without a sub-query on finance.sales_by_day',
    ],
    [
      'a function of a policy reads the table',
      `CREATE FUNCTION finance.large(bigint) RETURNS boolean LANGUAGE sql AS 'SELECT EXISTS (SELECT FROM sales_by_day WHERE merchant = $1)' SET search_path = finance;
       CREATE POLICY large ON finance.sales_by_day USING (finance.large(merchant))`,
      'DROP POLICY large ON finance.sales_by_day; DROP FUNCTION finance.large(bigint)',
      'policy large of finance.sales_by_day calls finance.large(bigint), whose text names finance.sales_by_day: on the overlay it would be judged by rows of the base; write it without finance.sales_by_day',
    ],
    [
      'a policy names what the worker may not name',
      'CREATE SCHEMA hidden; CREATE TABLE hidden.who (name text); CREATE POLICY hidden ON finance.sales_by_day USING (EXISTS (SELECT FROM hidden.who WHERE name = current_user))',
      'DROP POLICY hidden ON finance.sales_by_day; DROP SCHEMA hidden CASCADE',
      'policy hidden of finance.sales_by_day cannot be put on the overlay: permission denied for schema hidden; it would be read as: (EXISTS ( SELECT\n   FROM hidden.who\n  WHERE (who.name = CURRENT_USER)))',
    ],
    [
      'a restrictive policy applies to whoever has the rights of the owner',
      'CREATE POLICY recent ON finance.sales_by_day AS RESTRICTIVE USING (net > 0)',
      'DROP POLICY recent ON finance.sales_by_day',
      'role owner_desk has the rights of the owner of finance.sales_by_day and sees every row of it; restrictive policy recent would keep rows of the overlay from it: put the condition into the permissive policies, or: ALTER TABLE finance.sales_by_day FORCE ROW LEVEL SECURITY',
    ],
    [
      'the source keeps rows from the worker’s view of it',
      `ALTER TABLE staging.sales RENAME TO all_sales; ALTER TABLE staging.all_sales ENABLE ROW LEVEL SECURITY; GRANT USAGE ON SCHEMA staging TO guarded_views; GRANT SELECT ON staging.all_sales TO guarded_views;
       CREATE VIEW staging.sales AS SELECT * FROM staging.all_sales; ALTER VIEW staging.sales OWNER TO guarded_views; GRANT SELECT ON staging.sales TO guarded_worker`,
      'DROP VIEW staging.sales; ALTER TABLE staging.all_sales DISABLE ROW LEVEL SECURITY; ALTER TABLE staging.all_sales RENAME TO sales',
      'guarded_views, with whose rights a view reads it, does not see every row of staging.all_sales, which has row security; history built and compared without the others would be wrong: ALTER ROLE "guarded_views" BYPASSRLS',
    ],
    [
      'a reader lacks the partition key, which the armed view names',
      "DROP VIEW finance.sales_current; CREATE VIEW finance.sales_current WITH (security_invoker = on) AS SELECT merchant, net FROM finance.sales_by_day; ALTER VIEW finance.sales_current OWNER TO guarded_views; GRANT SELECT ON finance.sales_current TO guarded_worker, north_desk, view_readers; REVOKE SELECT (day) ON finance.sales_by_day FROM base_readers; UPDATE governance.datasets SET published_view = 'finance.sales_current'::regclass",
      'GRANT SELECT (day) ON finance.sales_by_day TO base_readers',
      'role south_desk reads view finance.sales_current with its own rights and may not read column day of finance.sales_by_day, by which its branches are told apart: GRANT SELECT ("day") ON "finance"."sales_by_day" TO south_desk',
    ],
    [
      'somebody reads the base who may not read the view',
      'GRANT SELECT ON finance.sales_by_day TO finance_export',
      'REVOKE SELECT ON finance.sales_by_day FROM finance_export',
      'role finance_export reads finance.sales_by_day past the published view and would not see the correction until consolidation; backfill adopt finance.sales_by_day draws up how it reads the view, or accept that in publication.direct_readers',
    ],
  ])('is refused where %s', async (_, change, undo, reason) => {
    await world.query(named(change));
    try {
      // A function that reads the table counts among its direct readers besides.
      expect((await reasonsOf(world)).filter((one) => !one.startsWith('function '))).toEqual([named(reason)]);
    } finally {
      await world.query(named(undo));
    }
    expect(await reasonsOf(world)).toEqual([]);
  });

  it('is not refused for a restrictive policy where the policies are forced on the owner too', async () => {
    await world.query(
      named(
        `${TABLE} FORCE ROW LEVEL SECURITY; CREATE POLICY recent ON finance.sales_by_day AS RESTRICTIVE USING (net > 0)`,
      ),
    );
    expect(await reasonsOf(world)).toEqual([]);
    await world.query(named(`${TABLE} NO FORCE ROW LEVEL SECURITY; DROP POLICY recent ON finance.sales_by_day`));
  });
});

describe('a plan whose source alone has row security', () => {
  it('is refused, by name, and a read of such a table is an error and no smaller result', async () => {
    const world = await createDataset();
    try {
      await world.query('ALTER TABLE staging.sales ENABLE ROW LEVEL SECURITY');
      expect(await reasonsOf(world)).toEqual([
        'backfill_worker does not see every row of staging.sales, which has row security; history built and compared without the others would be wrong: ALTER ROLE "backfill_worker" BYPASSRLS',
      ]);
      const count = { text: 'SELECT count(*) FROM staging.sales', values: [] };
      await expect(world.session((session) => session.rows(count))).rejects.toMatchObject({ code: '42501' });
    } finally {
      await world.end();
    }
  });

  it('says of a direct reader whom the spec names what it says of any', async () => {
    const world = await createDataset({
      ...guardedSales({ view: 'security_invoker', security: '', named }),
      spec: `${SPEC}publication: { direct_readers: [${named('north_desk')}] }\n`,
    });
    try {
      const draft = await world.draft();
      expect(draft.kind === 'plan' && draft.plan.warnings).toContainEqual(
        expect.stringContaining(
          named('role north_desk reads the base table past the view (accepted by the spec)'),
        ) as string,
      );
    } finally {
      await world.end();
    }
  });
});
