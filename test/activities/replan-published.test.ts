import { describe, expect, it } from 'vitest';
import {
  LIMITS,
  TABLE,
  VIEW_OF_ALL,
  differing,
  built,
  editContract,
  noReplan,
  proposal,
  refusalOf,
  replan,
  RUN,
  yielding,
} from '../support/replanning.ts';
import type { SmallDataset } from '../support/small-dataset.ts';

describe('after publication', () => {
  async function published(): Promise<SmallDataset> {
    const world = await built();
    await world.conclude();
    await world.approve();
    await world.publish();
    return world;
  }
  const watch = (world: SmallDataset, drift?: string) =>
    world.activities.watchLiveWrites({ ...RUN, published: true, ...(drift === undefined ? {} : { drift }) });
  const columns = async (world: SmallDataset) =>
    (
      await world.as<{ name: string }>(
        'dashboard',
        `SELECT attname AS name FROM pg_attribute WHERE attrelid = 'finance.sales_current'::regclass AND attnum > 0`,
      )
    ).map(({ name }) => name);

  it('a new column is told and holds nothing; an approver carries it into overlay and view at once, in the shape the view has', async () => {
    const world = await published();
    await world.query(`${TABLE} ADD COLUMN currency text DEFAULT 'EUR'`);
    const seen = await watch(world);
    expect(seen).toMatchObject({
      kind: 'drifted',
      reason: expect.stringMatching(/^column currency .*or leave it: the base has it/) as string,
    });
    const reason = seen.kind === 'drifted' ? (seen.reason ?? '') : '';
    expect(await refusalOf(watch(world, reason))).toMatchObject({ type: 'StillWaiting' });
    await world.activities.reshapeView({ ...RUN, shape: 'settled', by: 'olaf' });
    const { planHash } = await proposal(world);
    for (const by of ['mallory', 'dora', ' DORA'])
      expect(await refusalOf(world.activities.replan({ ...RUN, by, planHash }))).toMatchObject({
        type: 'MissingPrivilege',
        message: expect.stringContaining('may not replan what readers see') as string,
      });
    expect(await columns(world)).toEqual(VIEW_OF_ALL.split(', '));
    await replan(world, 'controller');
    expect(await columns(world)).toEqual([...VIEW_OF_ALL.split(', '), 'currency']);
    expect(await differing(world, 'finance.sales_current', 'currency', `'EUR' AS currency`)).toBe(0);
    expect(await watch(world, reason)).toEqual({ kind: 'drifted', reason: null });
    expect(await world.query('SELECT FROM governance.backfill_approvals WHERE void_since IS NOT NULL')).toEqual([]);
    // And back, by the statement that is printed.
    await world.activities.reshapeView({ ...RUN, shape: 'armed', by: 'olaf' });
    await world.activities.rollBackRelease({ ...RUN, by: 'olaf', reason: '' });
    expect(await world.as('dashboard', 'SELECT DISTINCT currency FROM finance.sales_current')).toEqual([
      { currency: 'EUR' },
    ]);
  });

  it('another logic, and a column that would write the overlay anew, are refused', async () => {
    const world = await published();
    await world.query(`${TABLE} ADD COLUMN sales integer`);
    await editContract(world, 'corrected.sql', yielding('cast(count(*) as integer) as sales'));
    expect(await noReplan(world)).toMatch(
      /^readers see a release that was approved on the logic without sales; roll it back, replan/,
    );
    await world.query(
      `${TABLE} DROP COLUMN sales; ${TABLE} ADD COLUMN share numeric GENERATED ALWAYS AS (net / gross) STORED`,
    );
    expect(await noReplan(world)).toMatch(
      /^column share of finance\.sales_by_day is stored by the server: adding it would write the overlay anew/,
    );
  });

  it('anything but a new column holds the watch', async () => {
    const world = await published();
    await world.query(`${TABLE} RENAME tax TO levy`);
    expect(await refusalOf(watch(world))).toEqual({
      type: 'SchemaDrift',
      message:
        'column tax of finance.sales_by_day is called levy by now. Undo that, then: backfill retry fix-tax; or give up: backfill rollback fix-tax --reason "<why>"',
    });
    expect(await refusalOf(world.activities.consolidateClaim({ ...RUN, limits: LIMITS }))).toMatchObject({
      type: 'SchemaDrift',
    });
  });

  it('no row moves back into a plan: once consolidation began, the column is left as the base has it', async () => {
    const world = await published();
    await world.signOff();
    await world.query(`${TABLE} ADD COLUMN currency text DEFAULT 'EUR'`);
    expect(await noReplan(world)).toMatch(/^corrected rows are moving into finance\.sales_by_day/);
    expect((await world.activities.consolidateClaim({ ...RUN, limits: LIMITS })).done).toBe(true);
    expect(await world.activities.retireOverlay(RUN)).toEqual({ retired: true });
    expect(await differing(world, 'finance.sales_by_day', 'currency', `'EUR' AS currency`)).toBe(0);
  });
});
