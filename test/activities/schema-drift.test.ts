import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RUN, refusalOf } from '../support/replanning.ts';
import { salesTables } from '../support/sales-scenario.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

const LIMITS = { maxConcurrency: 1, dailyBytesBudget: null };
/** A column that the view does not show: others cannot be dropped or retyped under it. */
const TABLES = salesTables(`
create table finance.sales_by_day (
  day date not null, merchant bigint not null, gross numeric(14, 2) not null, net numeric(14, 2), tax numeric(14, 2) not null,
  updated_at timestamptz not null default now(), note text default '', primary key (day, merchant)
);`);
const VIEW = 'select day, merchant, gross, net, tax, updated_at from finance.sales_by_day';

let world: SmallDataset;
beforeAll(async () => {
  world = await createDataset({ tables: TABLES });
  await world.plan();
  await world.preserve();
});
afterAll(() => world.end());

const build = () => world.activities.rebuildClaim({ ...RUN, claim: { from: 1, to: 1 }, lane: 1, limits: LIMITS });

describe('a run whose table or view is another than planned', () => {
  const TABLE = 'ALTER TABLE finance.sales_by_day';
  it.each([
    [
      'a column renamed',
      `${TABLE} RENAME tax TO levy`,
      `${TABLE} RENAME levy TO tax`,
      'column tax of finance.sales_by_day is called levy by now',
    ],
    [
      'a column retyped',
      `${TABLE} ALTER note TYPE varchar(40)`,
      `${TABLE} ALTER note TYPE text`,
      'column note of finance.sales_by_day is character varying(40) by now and was planned as text',
    ],
    [
      'a column NOT NULL',
      `${TABLE} ALTER note SET NOT NULL`,
      `${TABLE} ALTER note DROP NOT NULL`,
      'column note of finance.sales_by_day may not be null by now',
    ],
    [
      'a view with a condition',
      `CREATE OR REPLACE VIEW finance.sales_current AS ${VIEW} WHERE merchant < 3`,
      `CREATE OR REPLACE VIEW finance.sales_current AS ${VIEW}`,
      'somebody changed the definition of finance.sales_current: it is none that this run gives it',
    ],
    [
      'a view that asks with the rights of its readers',
      'ALTER VIEW finance.sales_current SET (security_invoker = true)',
      'ALTER VIEW finance.sales_current RESET (security_invoker)',
      'view finance.sales_current reads with the rights of its readers (security_invoker) by now, and was planned with the rights of its owner',
    ],
    [
      'another table of its name',
      `${TABLE} RENAME TO sales_old; CREATE TABLE finance.sales_by_day (LIKE finance.sales_old INCLUDING ALL)`,
      'DROP TABLE finance.sales_by_day; ALTER TABLE finance.sales_old RENAME TO sales_by_day',
      'another table than the planned one is called finance.sales_by_day by now',
    ],
    [
      'no table of its name',
      `${TABLE} RENAME TO sales_old`,
      'ALTER TABLE finance.sales_old RENAME TO sales_by_day',
      'table finance.sales_by_day was dropped or renamed',
    ],
    [
      'no view of its name',
      'ALTER VIEW finance.sales_current RENAME TO sales_shown',
      'ALTER VIEW finance.sales_shown RENAME TO sales_current',
      'view finance.sales_current was dropped or renamed',
    ],
  ])('with %s says so, builds nothing, and goes on once it is undone', async (_, change, undo, said) => {
    await world.query(change);
    const refused = await refusalOf(build());
    expect(refused).toEqual({
      type: 'SchemaDrift',
      message: `${said}. Undo that, then: backfill retry fix-tax; or give up: backfill abort fix-tax --reason "<why>"`,
    });
    expect(await world.query('SELECT FROM finance.sales_by_day_v2 LIMIT 1')).toEqual([]);
    const asked = await world.activities.replan({ ...RUN, by: 'olaf', planHash: null });
    expect(asked).toEqual({ kind: 'refused', reason: refused.message });
    await world.query(undo);
    await world.activities.createShadow(RUN);
  });

  it('tells an added column wherever it works or waits, before anything else goes wrong', async () => {
    await world.query(`${TABLE} ADD COLUMN currency text`);
    const { activities } = world;
    const said =
      /^column currency \(text, may be null, no default\) was added to finance\.sales_by_day\. Review what carries it into shadow and view: backfill replan fix-tax --plan; or drop it again/;
    for (const step of [
      build,
      () => activities.proveIdempotency(RUN),
      () => activities.proveLogic(RUN),
      () => activities.installCapture(RUN),
      () => activities.takeSnapshot(RUN),
      () => activities.createShadow(RUN),
      () => activities.concludeEvidence(RUN),
      () => activities.watchLiveWrites({ ...RUN, published: false }),
      () => activities.awaitGate({ ...RUN, limits: LIMITS }),
      () => activities.publishRelease({ ...RUN, windowMs: 1, limits: LIMITS }),
    ])
      expect(await refusalOf(step())).toEqual({ type: 'SchemaDrift', message: expect.stringMatching(said) as string });
    await world.query(`${TABLE} DROP COLUMN currency`);
    expect((await build()).stopped).toBeNull();
  });

  it('tells a dropped column, also where a statement meets it first, and one made again under its name', async () => {
    await world.query(`${TABLE} DROP COLUMN note`);
    expect((await refusalOf(build())).message).toContain('column note of finance.sales_by_day was dropped. Undo that');
    await world.query(`${TABLE} ADD COLUMN note text DEFAULT ''`);
    expect((await refusalOf(build())).message).toContain('note of finance.sales_by_day was dropped and added anew');
  });
});
