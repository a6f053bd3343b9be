import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { blockers, oldestBeforeFence } from '../../src/warehouse/postgres/statements/blockers.ts';
import { PARTITIONED_SALES } from '../support/partitioned-sales.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';
import { waitFor } from '../support/wait-for.ts';

let world: SmallDataset;
let plan: BackfillPlan;
beforeAll(async () => {
  world = await createDataset({ tables: PARTITIONED_SALES });
  await world.query('GRANT SELECT, UPDATE ON finance.sales_a TO revenue_pipeline');
  plan = await world.plan();
});
afterAll(() => world.end());

/** What a transaction that stays open comes to, as the worker sees it before it tries the switch. */
async function seenBeside(url: string, statement: string): Promise<{ ageMs: number; who: string[] }> {
  const other = new pg.Client({ connectionString: url });
  await other.connect();
  try {
    await other.query(`BEGIN; ${statement}`);
    const { ageMs } = await world.session((session) => session.one<{ ageMs: number }>(oldestBeforeFence(plan)));
    const who = await world.session((session) => session.rows<{ who: string }>(blockers(plan)));
    return { ageMs, who: who.map((one) => one.who) };
  } finally {
    await other.end();
  }
}
const LATE = `SET net = net WHERE day = '2025-01-03' AND merchant = 1`;

it.each([
  { what: 'a writer of the table', statement: `UPDATE finance.sales_by_day ${LATE}`, mode: 'RowExclusiveLock' },
  { what: 'a writer straight into a partition', statement: `UPDATE finance.sales_a ${LATE}`, mode: 'RowExclusiveLock' },
])('$what is spared, and named', async ({ statement, mode }) => {
  const { ageMs, who } = await seenBeside(world.urls.revenue_pipeline, statement);
  expect(ageMs).toBeGreaterThan(0);
  expect(who).toContainEqual(
    expect.stringMatching(new RegExp(`^pid \\d+, revenue_pipeline, holds ${mode} on finance\\.sales_a since 20`)),
  );
});

it('a change of definition is named where it stands, on the view too', async () => {
  const { ageMs, who } = await seenBeside(
    world.adminUrl,
    'ALTER VIEW finance.sales_current SET (security_barrier = false); LOCK TABLE finance.sales_by_day IN ACCESS EXCLUSIVE MODE',
  );
  expect(ageMs).toBeGreaterThan(0);
  for (const relation of ['sales_by_day', 'sales_a', 'sales_current'])
    expect(who).toContainEqual(expect.stringContaining(`holds AccessExclusiveLock on finance.${relation} since`));
});

it('readers are in nobody’s way', async () => {
  const reads = 'SELECT count(*) FROM finance.sales_current; SELECT count(*) FROM finance.sales_a';
  expect(await seenBeside(world.adminUrl, reads)).toEqual({ ageMs: 0, who: [] });
});

it('nor are writers in a database that was copied from this one, where the same OIDs are other tables', async () => {
  const url = new URL(world.adminUrl);
  const name = url.pathname.slice(1);
  url.pathname = '/postgres';
  const server = new pg.Client({ connectionString: url.href });
  await server.connect();
  const copy = `${name}_copy`;
  try {
    // A copy is refused while anybody is connected to the original: idle connections of our own pools.
    await waitFor(
      async () => {
        await server.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1`, [name]);
        return server.query(`CREATE DATABASE ${copy} TEMPLATE ${name}`).then(
          () => true,
          () => false,
        );
      },
      { timeoutMs: 20_000, describe: 'a copy of the database' },
    );
    const there = new URL(world.urls.revenue_pipeline);
    there.pathname = `/${copy}`;
    expect(await seenBeside(there.href, `UPDATE finance.sales_by_day ${LATE}`)).toEqual({ ageMs: 0, who: [] });
  } finally {
    await server.query(`DROP DATABASE IF EXISTS ${copy} WITH (FORCE)`);
    await server.end();
  }
});
