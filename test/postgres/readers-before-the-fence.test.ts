import { afterAll, beforeAll, expect, it } from 'vitest';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { publishRelease } from '../../src/ledger/releases.ts';
import { guardedSales, rolesOf } from '../support/guarded-sales.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';
import { failureOf } from '../support/sqlstate.ts';
import { waitFor } from '../support/wait-for.ts';

const named = rolesOf('fenced');
let world: SmallDataset;
let plan: BackfillPlan;
let armedView: string;
beforeAll(async () => {
  world = await createDataset(
    guardedSales({
      view: 'security_invoker',
      security: 'alter table finance.sales_by_day enable row level security;',
      named,
    }),
  );
  plan = await world.plan();
  await world.preserve();
  await world.build();
  await world.conclude();
  await world.approve();
  armedView = await world.arm();
});
afterAll(() => world.end());

const publish = () =>
  world.session((session) =>
    session.rows(publishRelease({ plan, fence: 1_000, expected: null, windowMs: 60_000, armedView })),
  );
const OVERLAY = 'finance.sales_by_day_v2';

it.each([
  {
    what: 'a column of the overlay is taken from a reader',
    change: `REVOKE SELECT (net) ON ${OVERLAY} FROM south_desk`,
    undo: `GRANT SELECT (net) ON ${OVERLAY} TO south_desk`,
    refusal: /readers: south_desk may not read net of the overlay$/,
  },
  {
    what: 'the pointer is taken from one',
    change: 'REVOKE SELECT (backfill_id) ON governance.active_releases FROM south_desk',
    undo: 'GRANT SELECT (backfill_id) ON governance.active_releases TO south_desk',
    refusal: /readers: south_desk may not read backfill_id of governance\.active_releases$/,
  },
  {
    what: 'a policy of the overlay goes',
    change: `ALTER TABLE ${OVERLAY} DISABLE ROW LEVEL SECURITY`,
    undo: `ALTER TABLE ${OVERLAY} ENABLE ROW LEVEL SECURITY`,
    refusal: /^the overlay of finance\.sales_by_day does not carry the row policies of the table/,
  },
])('the switch is refused where, after its readers were looked at, $what', async ({ change, undo, refusal }) => {
  const holder = await world.admin.connect();
  try {
    await holder.query(`SELECT pg_advisory_lock(hashtextextended('controlled-backfill:release:FIN-1', 0))`);
    const refused = failureOf(publish());
    await waitFor(
      async () =>
        (
          await world.query(
            `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
          )
        ).length > 0,
      { timeoutMs: 10_000, describe: 'the switch to stand between its first look and the fence' },
    );
    await world.query(named(change));
    await holder.query('SELECT pg_advisory_unlock_all()');
    const { code, message } = await refused;
    expect({ code, message: message.replaceAll('_fenced', '') }).toEqual({
      code: '55000',
      message: expect.stringMatching(refusal) as string,
    });
  } finally {
    holder.release();
    await world.query(named(undo));
  }
});

it('readers are looked at before the fence, however many roles the server has, and not under it where nothing moved', async () => {
  await world.query(
    `ALTER FUNCTION governance.readers_left_out(text) RENAME TO readers_left_out_then;
     CREATE SEQUENCE governance.looked;
     CREATE FUNCTION governance.readers_left_out(p text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
       PERFORM nextval('governance.looked');
       IF EXISTS (SELECT FROM pg_locks WHERE pid = pg_backend_pid() AND mode = 'ShareRowExclusiveLock' AND relation = 'finance.sales_by_day'::regclass) THEN RETURN 'looked at under the fence'; END IF;
       RETURN governance.readers_left_out_then(p);
     END $$; GRANT EXECUTE ON FUNCTION governance.readers_left_out(text) TO PUBLIC`,
  );
  armedView = await world.arm();
  await publish();
  // Once for arming, once before the fence.
  expect(await world.query('SELECT last_value::int AS looks FROM governance.looked')).toEqual([{ looks: 2 }]);
});
