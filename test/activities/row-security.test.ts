import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asTemporalDoes } from '../../bench/traffic/as-temporal-does.ts';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { rollbackInForce } from '../../src/ledger/published-view.ts';
import { retryLock } from '../../src/warehouse/retry-lock.ts';
import { guardedSales, rolesOf } from '../support/guarded-sales.ts';
import type { Reader } from '../support/reader.ts';
import { startReader } from '../support/reader.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

const named = rolesOf('reading');
const RUN = { backfillId: 'fix-tax' };
const LIMITS = { maxConcurrency: 1, dailyBytesBudget: null };
const ENABLED = 'alter table finance.sales_by_day enable row level security;';
const FORCED = `${ENABLED} alter table finance.sales_by_day force row level security;`;

/** Every right and every policy of what a run finds and leaves; what it makes for itself counts where it is still there. */
const RIGHTS = `
  SELECT c.oid::regclass::text AS relation, c.relowner::regrole::text AS owner, c.relacl::text AS rights, c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced, c.reloptions,
         (SELECT jsonb_object_agg(attname, attacl::text) FROM pg_attribute WHERE attrelid = c.oid AND attacl IS NOT NULL) AS columns,
         (SELECT jsonb_agg(to_jsonb(p) - 'oid' ORDER BY polname) FROM pg_policy p WHERE polrelid = c.oid) AS policies
    FROM pg_class c WHERE c.relnamespace IN ('finance'::regnamespace, 'governance'::regnamespace) AND c.relkind IN ('r', 'v') ORDER BY 1`;

const CORRECTED = `
  SELECT day, merchant, net FROM finance.sales_by_day WHERE day NOT BETWEEN '2025-01-01' AND '2025-01-14' UNION ALL
  SELECT day, merchant, sum(gross - CASE WHEN merchant % 2 = 1 THEN tax ELSE 0 END) FROM staging.sales WHERE day BETWEEN '2025-01-01' AND '2025-01-14' GROUP BY 1, 2`;

/** One value for all that a reader sees: which rows, and which version of them. */
const DIGEST = (rows: string) =>
  `SELECT md5(coalesce(string_agg(format('%s %s %s', day, merchant, net), ',' ORDER BY day, merchant), '')) AS digest FROM (${rows}) r`;

interface Case {
  readonly what: string;
  readonly view: 'security_invoker' | 'owner';
  readonly security: string;
  readonly seen: Readonly<Record<string, string>>;
}

describe.each<Case>([
  {
    what: 'a view with the rights of its readers',
    view: 'security_invoker',
    security: ENABLED,
    seen: { north_desk: '1, 2', south_desk: '3, 4', owner_desk: '1, 2, 3, 4, 5' },
  },
  {
    what: 'a view with the rights of its readers over policies that are forced on the owner',
    view: 'security_invoker',
    security: FORCED,
    seen: { north_desk: '1, 2', south_desk: '3, 4', owner_desk: '0' },
  },
  {
    what: 'a view with the rights of its owner, who is subject to the policies',
    view: 'owner',
    security: ENABLED,
    seen: { north_desk: '1, 2', south_desk: '3, 4, 5', passer_by: '0', owner_desk: '0' },
  },
])('readers of $what', ({ view, security, seen }) => {
  let world: SmallDataset;
  let plan: BackfillPlan;
  let rights: unknown[];
  /** Reading from before the plan until after the clean-up, in every moment between. */
  let readers: readonly (readonly [string, Reader])[] = [];
  const digests: Record<string, Set<string>> = {};
  const expected: Record<'old' | 'corrected', Record<string, unknown[]>> = { old: {}, corrected: {} };
  beforeAll(async () => {
    world = await createDataset(guardedSales({ view, security, named }));
    rights = await world.query(RIGHTS);
    for (const [reader, merchants] of Object.entries(seen)) {
      const own = (rows: string) =>
        world.query(`SELECT day, merchant, net FROM (${rows}) r WHERE merchant IN (${merchants}) ORDER BY 1, 2`);
      expected.old[reader] = await own('SELECT * FROM finance.sales_by_day');
      expected.corrected[reader] = await own(CORRECTED);
      const digestOf = (rows: string) =>
        world.query<{ digest: string }>(DIGEST(`SELECT * FROM (${rows}) r WHERE merchant IN (${merchants})`));
      const both = [...(await digestOf('SELECT * FROM finance.sales_by_day')), ...(await digestOf(CORRECTED))];
      digests[reader] = new Set(both.map(({ digest }) => digest));
    }
    readers = await Promise.all(
      ['north_desk', 'south_desk'].map(
        async (reader) =>
          [
            reader,
            await startReader(world.urlOf(named(reader)), DIGEST('SELECT * FROM finance.sales_current')),
          ] as const,
      ),
    );
  });
  afterAll(async () => {
    for (const [, reading] of readers) await reading.stop();
    await world.end();
  });

  const read = (reader: string) =>
    world.as(named(reader), 'SELECT day, merchant, net FROM finance.sales_current ORDER BY 1, 2');
  const everybodySees = async (version: 'old' | 'corrected') => {
    for (const reader of Object.keys(seen)) expect(await read(reader), reader).toEqual(expected[version][reader]);
    if (view === 'security_invoker') await expect(read('passer_by')).rejects.toMatchObject({ code: '42501' });
    // Past the view there is nothing to be seen of overlay, snapshot or pointer that the base would not show.
    for (const reader of ['north_desk', 'south_desk', 'passer_by']) {
      const others = await world
        .as<{ merchant: string }>(named(reader), 'SELECT merchant FROM finance.sales_by_day_v2')
        .catch(() => []);
      expect(others.filter(({ merchant }) => !(seen[reader] ?? '').includes(merchant))).toEqual([]);
      for (const hidden of ['finance.sales_before', 'governance.active_releases'])
        await expect(world.as(named(reader), `SELECT * FROM ${hidden}`)).rejects.toMatchObject({ code: '42501' });
    }
  };

  it('see their own rows of the old history while it is built, and when the view is armed', async () => {
    plan = await world.plan();
    expect(plan.securityInvoker).toBe(view === 'security_invoker');
    await world.preserve();
    await world.build();
    await world.conclude();
    await world.approve();
    await everybodySees('old');
    await retryLock(() => world.arm());
    await everybodySees('old');
  });

  it('see their own rows of the corrected one once it is published, settled and armed again', async () => {
    await asTemporalDoes(() => world.publish());
    await everybodySees('corrected');
    await asTemporalDoes(() => world.activities.reshapeView({ ...RUN, shape: 'settled', by: 'olaf' }));
    await everybodySees('corrected');
    // As it is printed; behind a reader it gives up within moments, and is said again.
    const undo = { text: rollbackInForce(plan, 'FIN-1', false), values: [] };
    await retryLock(() => world.session((session) => session.rows(undo)));
    await everybodySees('old');
  });

  it('see them again when it is published again and its rows move into the base, and their rights are what they were', async () => {
    await world.conclude();
    await world.approve();
    await asTemporalDoes(() => world.publish());
    await everybodySees('corrected');
    await world.signOff();
    const moved = await asTemporalDoes(() => world.activities.consolidateClaim({ ...RUN, limits: LIMITS }));
    expect(moved).toMatchObject({ done: true });
    await everybodySees('corrected');
    // A reader's statement that began before is waited for, by trying again.
    expect(await asTemporalDoes(() => world.activities.retireOverlay(RUN))).toEqual({ retired: true });
    await everybodySees('corrected');
    await asTemporalDoes(() => world.activities.cleanUp({ ...RUN, keepSnapshot: false }));
    const reading = readers;
    readers = [];
    for (const [reader, one] of reading) {
      const { values, errors } = await one.stop();
      expect({ reader, errors, values }).toEqual({ reader, errors: [], values: digests[reader] });
    }
    expect(await world.query(RIGHTS)).toEqual(rights);
    expect(await world.query('SELECT FROM governance.reader_grants WHERE revoked_at IS NULL')).toEqual([]);
    for (const reader of Object.keys(seen)) expect(await read(reader)).toEqual(expected.corrected[reader]);
  });
});
