import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { publishRelease } from '../../src/ledger/releases.ts';
import { forgetReaders, shapeView } from '../../src/warehouse/postgres/statements/elevated.ts';
import { grantOverlay } from '../../src/warehouse/postgres/statements/prepare-overlay.ts';
import { guardedSales, rolesOf } from '../support/guarded-sales.ts';
import { LIMITS, RUN, proposal, refusalOf } from '../support/replanning.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';
import { failureOf } from '../support/sqlstate.ts';

const named = rolesOf('granted');
const ENABLED = 'alter table finance.sales_by_day enable row level security;';
const OVERLAY = 'finance.sales_by_day_v2';

let world: SmallDataset;
let plan: BackfillPlan;
beforeAll(async () => {
  world = await createDataset(guardedSales({ view: 'security_invoker', security: ENABLED, named }));
  // Somebody else's, and to be left so.
  await query('GRANT SELECT (dataset) ON governance.active_releases TO north_desk');
  plan = await world.plan();
  await world.preserve();
  await world.build();
  await world.conclude();
  await world.approve();
});
afterAll(() => world.end());

const query = (text: string) => world.query(named(text));
const grant = () => world.session((session) => session.change(grantOverlay(plan)));
const shape = (to: 'plain' | 'armed') => world.session((session) => session.rows(shapeView(plan, to)));
const read = (reader: string) => world.as(named(reader), 'SELECT net FROM finance.sales_current');
const watch = () => refusalOf(world.activities.watchLiveWrites({ ...RUN, published: true }));
/** Who was granted something on the pointer's columns, and who on the overlay's `net`. */
const granted = () =>
  world.query<{ column: string; role: string }>(
    named(`SELECT c.relname || '.' || a.attname AS "column", x.grantee::regrole::text AS role
       FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid, aclexplode(a.attacl) x
      WHERE x.privilege_type = 'SELECT' AND (c.oid = 'governance.active_releases'::regclass OR (c.relname, a.attname) = ('sales_by_day_v2', 'net')) AND x.grantee::regrole::text LIKE '%_granted' ORDER BY 1, 2`),
  );
const rows = (...pairs: readonly (readonly [string, string])[]) =>
  pairs.map(([column, role]) => ({ column, role: named(role) }));

describe('policies that are another than planned', () => {
  const POLICY = 'POLICY own_desk ON finance.sales_by_day';
  const own = `USING (desk = current_user AND merchant = 1)`;
  it.each([
    [
      'row security of finance.sales_by_day was disabled',
      'ALTER TABLE finance.sales_by_day DISABLE ROW LEVEL SECURITY',
      'ALTER TABLE finance.sales_by_day ENABLE ROW LEVEL SECURITY',
    ],
    [
      'row security of finance.sales_by_day is forced on its owner by now',
      'ALTER TABLE finance.sales_by_day FORCE ROW LEVEL SECURITY',
      'ALTER TABLE finance.sales_by_day NO FORCE ROW LEVEL SECURITY',
    ],
    ['policy own_desk of finance.sales_by_day was changed', `ALTER ${POLICY} USING (true)`, `ALTER ${POLICY} ${own}`],
    ['policy own_desk of finance.sales_by_day was dropped', `DROP ${POLICY}`, `CREATE ${POLICY} ${own}`],
    [
      'policy more was added to finance.sales_by_day',
      'CREATE POLICY more ON finance.sales_by_day USING (true)',
      'DROP POLICY more ON finance.sales_by_day',
    ],
  ])('hold the run: %s', async (said, change, undo) => {
    await query(change);
    expect(await refusalOf(world.activities.publishRelease({ ...RUN, windowMs: 1, limits: LIMITS }))).toEqual({
      type: 'SchemaDrift',
      message: `${said}. Undo that, then: backfill retry fix-tax; or give up: backfill abort fix-tax --reason "<why>"`,
    });
    await query(undo);
  });
});

describe('arming, before any reader meets it,', () => {
  const refused = async () => {
    const { code, message } = await failureOf(shape('armed'));
    expect(await read('north_desk')).not.toEqual([]);
    return { code, message: message.replaceAll('_granted', '') };
  };

  it('is refused while readers have no grant', async () => {
    expect(await refused()).toEqual({
      code: '55000',
      message:
        'finance.sales_current would refuse its readers: north_desk may not read day, desk, gross, merchant, net, tax, updated_at of the overlay; north_desk may not read backfill_id of governance.active_releases; owner_desk may not read day, desk, gross, merchant, net, tax, updated_at of the overlay; south_desk may not read day, desk, gross, merchant, net, tax, updated_at of the overlay; south_desk may not read backfill_id, dataset of governance.active_releases',
    });
  });

  it('is refused while one column, or the pointer, is missing to one of them, and asks nothing of who cannot read the base', async () => {
    await grant();
    expect(await granted()).toEqual(
      rows(
        ['active_releases.backfill_id', 'north_desk'],
        ['active_releases.backfill_id', 'owner_desk'],
        ['active_releases.backfill_id', 'south_desk'],
        ['active_releases.dataset', 'north_desk'],
        ['active_releases.dataset', 'owner_desk'],
        ['active_releases.dataset', 'south_desk'],
        ['sales_by_day_v2.net', 'north_desk'],
        ['sales_by_day_v2.net', 'owner_desk'],
        ['sales_by_day_v2.net', 'south_desk'],
      ),
    );
    await query(`REVOKE SELECT (net) ON ${OVERLAY} FROM south_desk`);
    expect((await refused()).message).toMatch(/readers: south_desk may not read net of the overlay$/);
    await query(
      `GRANT SELECT (net) ON ${OVERLAY} TO south_desk; REVOKE SELECT (dataset) ON governance.active_releases FROM south_desk`,
    );
    expect((await refused()).message).toMatch(
      /readers: south_desk may not read dataset of governance\.active_releases$/,
    );
    await query('GRANT SELECT (dataset) ON governance.active_releases TO south_desk');
  });

  it('gives everybody what everybody needs, where view and base are everybody’s, and takes it back', async () => {
    const everybody = () =>
      world.query<{ place: string }>(
        `SELECT c.relname || '.' || a.attname AS place FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid, aclexplode(a.attacl) x
          WHERE x.grantee = 0 AND a.attname IN ('dataset', 'backfill_id', 'net') AND c.relname <> 'sales_by_day' ORDER BY 1`,
      );
    await query('GRANT SELECT ON finance.sales_by_day, finance.sales_current, finance.assigned TO PUBLIC');
    expect((await failureOf(shape('armed'))).message).toMatch(/readers: PUBLIC may not read /);
    await grant();
    expect((await everybody()).map(({ place }) => place)).toEqual([
      'active_releases.backfill_id',
      'active_releases.dataset',
      'sales_by_day_v2.net',
    ]);
    await shape('armed');
    expect(await read('passer_by')).toEqual([]);
    await shape('plain');
    await query('REVOKE ALL ON finance.sales_by_day, finance.sales_current, finance.assigned FROM PUBLIC');
    await grant();
    expect(await everybody()).toEqual([]);
    expect(await world.query(`SELECT FROM governance.reader_grants WHERE grantee = 0 AND revoked_at IS NULL`)).toEqual(
      [],
    );
  });

  it.each([
    [
      `ALTER POLICY own_desk ON ${OVERLAY} USING (true)`,
      `ALTER POLICY own_desk ON ${OVERLAY} USING (desk = current_user AND merchant = 1)`,
    ],
    [`ALTER TABLE ${OVERLAY} DISABLE ROW LEVEL SECURITY`, `ALTER TABLE ${OVERLAY} ENABLE ROW LEVEL SECURITY`],
  ])('and the switch are refused after %s', async (change, undo) => {
    const armedView = await world.arm();
    await query(change);
    const publish = publishRelease({ plan, fence: 1_000, expected: null, windowMs: 60_000, armedView });
    const said = {
      code: '55000',
      message:
        'the overlay of finance.sales_by_day does not carry the row policies of the table: somebody changed them',
    };
    expect(await failureOf(world.session((session) => session.rows(publish)))).toMatchObject(said);
    await shape('plain');
    expect(await failureOf(shape('armed'))).toMatchObject(said);
    await query(undo);
  });

  it('and the switch are refused over a base whose policies moved', async () => {
    const armedView = await world.arm();
    await query('CREATE POLICY more ON finance.sales_by_day USING (true)');
    const publish = publishRelease({ plan, fence: 1_000, expected: null, windowMs: 60_000, armedView });
    expect(await failureOf(world.session((session) => session.rows(publish)))).toMatchObject({
      message: 'row security of finance.sales_by_day is not that of the plan',
    });
    await query('DROP POLICY more ON finance.sales_by_day');
  });
});

describe('while a release is watched', () => {
  beforeAll(() => world.publish());

  it('a new reader gets the overlay, and who is no reader any more loses it', async () => {
    await query(
      'GRANT SELECT (day, merchant, desk, gross, net, tax, updated_at) ON finance.sales_by_day TO passer_by; GRANT SELECT ON finance.assigned TO passer_by',
    );
    expect(await failureOf(read('passer_by'))).toMatchObject({ code: '42501' });
    expect(await watch()).toMatchObject({ type: 'StillWaiting' });
    expect(await read('passer_by')).toEqual([]);
    await query('REVOKE ALL ON finance.sales_by_day FROM passer_by');
    expect(await watch()).toMatchObject({ type: 'StillWaiting' });
    expect((await granted()).map(({ role }) => role)).not.toContain(named('passer_by'));
  });

  it('a policy that is changed holds the run, and the rollback is not kept from anybody', async () => {
    await query('CREATE POLICY more ON finance.sales_by_day USING (merchant = 3)');
    expect(await watch()).toEqual({
      type: 'SchemaDrift',
      message:
        'policy more was added to finance.sales_by_day. Undo that, then: backfill retry fix-tax; or give up: backfill rollback fix-tax --reason "<why>"',
    });
    await world.activities.rollBackRelease({ ...RUN, by: 'olaf', reason: 'another policy' });
    await query('DROP POLICY more ON finance.sales_by_day');
  });

  it('rows are not moved into a base of which its owner does not see every row', async () => {
    await world.conclude();
    await world.approve();
    await world.publish();
    await world.signOff();
    const before = await world.query('SELECT * FROM finance.sales_by_day ORDER BY day, merchant');
    await query('ALTER ROLE guarded_owner NOBYPASSRLS');
    expect(await refusalOf(world.activities.consolidateClaim({ ...RUN, limits: LIMITS }))).toMatchObject({
      message: expect.stringContaining('query would be affected by row-level security policy') as string,
    });
    expect(await world.query('SELECT * FROM finance.sales_by_day ORDER BY day, merchant')).toEqual(before);
    await query('ALTER ROLE guarded_owner BYPASSRLS');
  });
});

describe('clean-up', () => {
  it('takes nothing that another run gave the same reader, nor what somebody else did', async () => {
    expect(await world.activities.consolidateClaim({ ...RUN, limits: LIMITS })).toMatchObject({ done: true });
    expect(await world.activities.retireOverlay(RUN)).toEqual({ retired: true });
    expect(await failureOf(world.session((session) => session.rows(forgetReaders(plan))))).toMatchObject({
      message: 'the overlay of fix-tax is there: its readers keep their grants',
    });
    await query(`INSERT INTO governance.backfill_runs SELECT (jsonb_populate_record(r, '{"backfill_id": "another", "ended_at": "2025-01-01"}')).* FROM governance.backfill_runs r;
      INSERT INTO governance.reader_grants (backfill_id, relation, grantee, role, columns) VALUES ('another', 'pointer', 'south_desk'::regrole, 'south_desk', '{dataset,backfill_id}')`);
    await world.activities.cleanUp({ ...RUN, keepSnapshot: false });
    expect(await granted()).toEqual(
      rows(
        ['active_releases.backfill_id', 'south_desk'],
        ['active_releases.dataset', 'north_desk'],
        ['active_releases.dataset', 'south_desk'],
      ),
    );
    await world.session((session) => session.rows({ text: `SELECT governance.forget_readers('another')`, values: [] }));
    expect(await granted()).toEqual(rows(['active_releases.dataset', 'north_desk']));
  });
});

describe('a column that is carried into the view of a release', () => {
  it('is refused while a reader may not read it in the base, and is granted in the overlay with the rest', async () => {
    const scenario = guardedSales({ view: 'security_invoker', security: ENABLED, named });
    const all = scenario.tables.replaceAll('tax, updated_at', 'tax, updated_at, note');
    const other = await createDataset({ ...scenario, tables: all });
    try {
      await other.plan();
      await other.throughPublication();
      await other.query(`ALTER TABLE finance.sales_by_day ADD COLUMN currency text DEFAULT 'EUR'`);
      const { planHash } = await proposal(other);
      const carried = () => other.activities.replan({ ...RUN, by: 'director', planHash });
      const said = (await refusalOf(carried())).message;
      expect(said).toContain(
        named(
          'finance.sales_current would refuse its readers: north_desk may not read currency of finance.sales_by_day',
        ),
      );
      const read = () =>
        other.as(named('north_desk'), 'SELECT DISTINCT merchant FROM finance.sales_current ORDER BY 1');
      expect(await read()).toEqual([{ merchant: '1' }, { merchant: '2' }]);
      await other.query(named('GRANT SELECT (currency) ON finance.sales_by_day TO north_desk, base_readers'));
      expect((await carried()).kind).toBe('replanned');
      expect(
        await other.as(named('south_desk'), 'SELECT DISTINCT merchant, currency FROM finance.sales_current ORDER BY 1'),
      ).toEqual([
        { merchant: '3', currency: 'EUR' },
        { merchant: '4', currency: 'EUR' },
      ]);
    } finally {
      await other.end();
    }
  });
});
