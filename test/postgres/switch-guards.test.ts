import { afterAll, beforeAll, expect, it } from 'vitest';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { publishRelease } from '../../src/ledger/releases.ts';
import { shapeView } from '../../src/warehouse/postgres/statements/elevated.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';
import { failureOf } from '../support/sqlstate.ts';

let world: SmallDataset;
let plan: BackfillPlan;
let armedView: string;
beforeAll(async () => {
  world = await createDataset();
  plan = await world.plan();
  await world.preserve();
  await world.build();
  await world.conclude();
  await world.approve();
  armedView = await world.arm();
});
afterAll(() => world.end());

const publish = (view = armedView) =>
  world.session((session) =>
    session.rows(publishRelease({ plan, fence: 1_000, expected: null, windowMs: 60_000, armedView: view })),
  );

it.each([
  { what: 'a partition is not built', table: 'partitions', key: 'ordinal', from: 'built', to: 'planned' },
  { what: 'a batch does not pass', table: 'batches', key: 'batch', from: 'passed', to: 'failed' },
  { what: 'a batch was not looked at', table: 'batches', key: 'batch', from: 'passed', to: 'planned' },
])('readers are not switched while $what', async ({ table, key, from, to }) => {
  const set = (state: string) =>
    world.query(`UPDATE governance.backfill_${table} SET state = $1 WHERE ${key} = 2`, [state]);
  await set(to);
  expect(await failureOf(publish())).toMatchObject({
    code: '55000',
    message: 'a partition of fix-tax is not built, or a batch of it does not pass',
  });
  await set(from);
});

it('readers are not switched to a table that only has the name of the shadow', async () => {
  await world.session((session) => session.rows(shapeView(plan, 'plain')));
  await world.query(
    `ALTER TABLE finance.sales_by_day_v2 RENAME TO sales_aside;
     CREATE TABLE finance.sales_by_day_v2 (LIKE finance.sales_aside INCLUDING ALL); ALTER TABLE finance.sales_by_day_v2 OWNER TO backfill_worker`,
  );
  const namesake = await world.arm();
  expect(await failureOf(publish(namesake))).toMatchObject({
    code: '55000',
    message: 'finance.sales_current does not read the shadow table that fix-tax built',
  });
  expect(await world.query('SELECT release_id FROM governance.active_releases')).toEqual([{ release_id: null }]);
});
