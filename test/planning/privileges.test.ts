import { afterEach, describe, expect, it } from 'vitest';
import { install } from '../../src/ledger/install.ts';
import type { Scenario, SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

let world: SmallDataset;
afterEach(() => world.end());

async function reasonsAfter(change: string, scenario: Partial<Scenario> = {}): Promise<readonly string[]> {
  world = await createDataset(scenario);
  if (change !== '') await world.query(change);
  const draft = await world.draft();
  return draft.kind === 'refused' ? draft.reasons : [];
}

describe('privileges', () => {
  it.each([
    {
      revoked: 'SELECT ON finance.sales_by_day',
      reason:
        'backfill_worker may not read finance.sales_by_day: GRANT SELECT ON "finance"."sales_by_day" TO "backfill_worker"',
    },
    {
      revoked: 'SELECT ON finance.sales_current',
      reason:
        'backfill_worker may not read finance.sales_current: GRANT SELECT ON "finance"."sales_current" TO "backfill_worker"',
    },
    {
      revoked: 'SELECT ON staging.sales',
      reason: 'backfill_worker may not read staging.sales: GRANT SELECT ON "staging"."sales" TO "backfill_worker"',
    },
    {
      revoked: 'CREATE ON SCHEMA finance',
      reason:
        'backfill_worker may not create shadow or snapshot in schema finance: GRANT USAGE, CREATE ON SCHEMA "finance" TO "backfill_worker"',
    },
    {
      revoked: 'ALL ON SCHEMA finance',
      reason: 'backfill_worker may not use schema finance: GRANT USAGE ON SCHEMA "finance" TO "backfill_worker"',
    },
    {
      revoked: 'USAGE ON SCHEMA staging',
      reason:
        'corrected.sql: backfill_worker may not use schema staging: GRANT USAGE ON SCHEMA "staging" TO "backfill_worker"',
    },
  ])('that are missing are named with their grant: $revoked', async ({ revoked, reason }) => {
    const reasons = await reasonsAfter(`REVOKE ${revoked} FROM backfill_worker`);
    expect(reasons).toContain(reason);
    const grants = reasons.flatMap((one) => /GRANT .*$/.exec(one) ?? []);
    await world.query(grants.join(';'));
    expect(await world.draft()).toMatchObject({ kind: 'plan' });
  });

  it('of a superuser are too many', async () => {
    world = await createDataset();
    const draft = await world.draftAs(world.adminUrl);
    expect(draft.kind === 'refused' && draft.reasons).toContainEqual(
      expect.stringMatching(/is a superuser; a worker never is/) as string,
    );
  });
});

describe('the ledger', () => {
  it('that is not installed is the reason, with the command', async () => {
    const [reason, ...others] = await reasonsAfter('', { installed: false });
    expect(others).toEqual([]);
    expect(reason).toMatch(
      /^the ledger \(schema governance\) is not installed in this warehouse.*backfill install --dataset finance\.sales_by_day/,
    );
  });

  it('of another version is the reason', async () => {
    expect(await reasonsAfter(`UPDATE governance.migrations SET sha256 = 'x' WHERE number = 2`)).toEqual([
      expect.stringMatching(/^the ledger lacks migration 0002_publication\.sql of this version/),
    ]);
  });

  it('without the functions of this dataset, or with those of another version, is the reason', async () => {
    expect(await reasonsAfter(`UPDATE governance.datasets SET script_sha256 = 'x'`)).toEqual([
      expect.stringMatching(/^the elevated functions of finance\.sales_by_day are of another version/),
    ]);
  });
});

describe('a view or table that was dropped and made again', () => {
  it('has to be installed again, and then the plan stands', async () => {
    const again = `DROP VIEW finance.sales_current; CREATE VIEW finance.sales_current AS SELECT day, merchant, gross, net, tax, updated_at FROM finance.sales_by_day;
      ALTER VIEW finance.sales_current OWNER TO finance_views; GRANT SELECT ON finance.sales_current TO backfill_worker`;
    expect(await reasonsAfter(again)).toEqual([
      expect.stringMatching(/^the elevated functions of finance\.sales_by_day are of another version/),
    ]);
    await install(world.adminUrl, world.installOptions);
    expect(await world.draft()).toMatchObject({ kind: 'plan' });
  });
});
