import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { datasetWith } from '../support/drafts.ts';
import {
  LIMITS,
  TABLE,
  VIEW_OF_ALL,
  differing,
  built,
  editContract,
  noReplan,
  proposal,
  replan,
  RUN,
  yielding,
} from '../support/replanning.ts';
import { CORRECTED } from '../support/sales-scenario.ts';
import type { SmallDataset } from '../support/small-dataset.ts';

const planOf = async (world: SmallDataset) =>
  (
    await world.query<{ hash: string; view: string[]; added: unknown[] }>(
      `SELECT plan_hash AS hash, plan -> 'viewColumns' AS view, plan -> 'addedColumns' AS added FROM governance.backfill_runs`,
    )
  )[0];

describe('a column with a constant, added while a run builds,', () => {
  it('is shown with every statement, carried, published at the end of the view, and left by consolidation as the base has it', async () => {
    const world = await built();
    const before = await planOf(world);
    await world.query(`${TABLE} ADD COLUMN currency varchar(3) NOT NULL DEFAULT 'EUR' CHECK (length(currency) = 3)`);
    const { lines, planHash } = await proposal(world);
    expect(lines.map((line) => line.replaceAll(/[0-9a-f]{12,}/g, '<hash>'))).toMatchInlineSnapshot(`
      [
        "column currency (character varying(3), never null, with a default) was added to finance.sales_by_day: every row of the interval holds 'EUR'::character varying in the base, and every corrected row will; the check added:currency of each batch goes on looking, and consolidation leaves the base's own values",
        "view finance.sales_current shows currency at its end",
        "on the shadow: ALTER TABLE "finance"."sales_by_day_v2" ADD COLUMN "currency" character varying(3) DEFAULT 'EUR'::character varying NOT NULL",
        "on the shadow: ALTER TABLE "finance"."sales_by_day_v2" ADD CONSTRAINT "sales_by_day_currency_check" CHECK ((length((currency)::text) = 3)) NOT VALID",
        "what was approved before is void: fresh evidence is found and asked about",
        "the plan <hash> becomes <hash>; the old one is kept in governance.superseded_plans",
        "to carry it: backfill replan fix-tax --by <you> --plan-hash <hash>",
      ]
    `);
    expect(await planOf(world)).toEqual(before);
    expect(await noReplan(world, 'ab12cd34ef56')).toMatch(/^the plan would be [0-9a-f]{12} by now, not ab12cd34ef56/);

    await world.activities.replan({ ...RUN, by: 'olaf', planHash: planHash.slice(0, 12) });
    expect(await planOf(world)).toEqual({
      hash: planHash,
      view: [...VIEW_OF_ALL.split(', '), 'currency'],
      added: [{ name: 'currency', filledBy: 'default', value: "'EUR'::character varying" }],
    });
    expect(
      await world.query(
        `SELECT e.actor, s.plan_hash = e.detail ->> 'replaces' AS kept, s.replaced_with = e.detail ->> 'planHash' AS names, (s.plan ->> 'viewColumns')::jsonb ? 'currency' AS knew
           FROM governance.backfill_events e JOIN governance.superseded_plans s USING (backfill_id) WHERE e.kind = 'replanned'`,
      ),
    ).toEqual([{ actor: 'olaf', kept: true, names: true, knew: false }]);

    const { reportPath } = (await world.conclude()).evidence;
    expect(await readFile(reportPath ?? '', 'utf8')).toContain(
      'currency (&#39;EUR&#39;::character varying in every row)',
    );
    await world.approve();
    await world.publish();
    expect(await world.query('SELECT plan_hash = $1 AS recorded FROM governance.data_releases', [planHash])).toEqual([
      { recorded: true },
    ]);
    expect(await differing(world, 'finance.sales_current', 'currency', `'EUR' AS currency`)).toBe(0);
    // A value that the pipeline gives it from here on is the base's own.
    await world.query(
      `${TABLE} ALTER currency SET DEFAULT 'USD'; UPDATE finance.sales_by_day SET currency = 'CHF' WHERE day = '2025-01-05' AND merchant = 1; DELETE FROM governance.dirty_partitions`,
    );
    const kept = `CASE WHEN day = '2025-01-05' AND merchant = 1 THEN 'CHF' ELSE 'EUR' END AS currency`;
    await world.signOff();
    expect((await world.activities.consolidateClaim({ ...RUN, limits: LIMITS })).done).toBe(true);
    expect(await world.activities.retireOverlay(RUN)).toEqual({ retired: true });
    expect(await differing(world, 'finance.sales_by_day', 'currency', kept)).toBe(0);
    expect(await differing(world, 'finance.sales_current', 'currency', kept)).toBe(0);
  });

  it('is refused where rows of the interval hold something else, and where its default is no constant', async () => {
    const world = await built();
    await world.query(
      `${TABLE} ADD COLUMN currency text; UPDATE finance.sales_by_day SET currency = 'EUR' WHERE day = '2025-01-03'`,
    );
    expect(await noReplan(world)).toBe(
      '5 rows of the interval hold something else than NULL in column currency of finance.sales_by_day, and readers would miss it; extend the transform of the contract so that it yields currency, then: backfill replan fix-tax --plan',
    );
    await world.query(`${TABLE} DROP COLUMN currency; ${TABLE} ADD COLUMN loaded timestamptz DEFAULT now()`);
    expect(await noReplan(world)).toMatch(
      /^column loaded of finance\.sales_by_day has the default now\(\), which is no constant/,
    );
    await world.query(`${TABLE} DROP COLUMN loaded; ${TABLE} ADD COLUMN place point`);
    expect(await noReplan(world)).toMatch(
      /^column place of finance\.sales_by_day has type point, which cannot be compared/,
    );
    await world.query(`${TABLE} DROP COLUMN place; ${TABLE} ADD COLUMN n bigint GENERATED ALWAYS AS IDENTITY`);
    expect(await noReplan(world)).toContain('numbers its rows itself (identity)');
    await world.query(`${TABLE} DROP COLUMN n`);
    expect(await noReplan(world)).toContain('there is nothing to carry');
  });

  it('fails the batch in which the base gets another value afterwards, before anybody is asked', async () => {
    const world = await built();
    await world.query(`${TABLE} ADD COLUMN currency text DEFAULT 'EUR'`);
    await replan(world);
    await world.as(
      'revenue_pipeline',
      `UPDATE finance.sales_by_day SET currency = 'CHF' WHERE day = '2025-01-09' AND merchant < 3`,
    );
    expect(await world.activities.concludeEvidence(RUN)).toMatchObject({
      kind: 'batchFailed',
      batch: 2,
      check: { name: 'added:currency', figure: '2', limit: '0 rows that the base gave another value', verdict: 'fail' },
    });
    // And the way out: the transform yields it.
    await editContract(
      world,
      'corrected.sql',
      yielding(`case when s.day = date '2025-01-09' and s.merchant < 3 then 'CHF' else 'EUR' end as currency`),
    );
    expect((await replan(world)).rebuild).toBe(true);
    await world.build();
    await world.conclude();
    await world.approve();
    await world.publish();
    expect(
      await world.query(`SELECT DISTINCT currency FROM finance.sales_current WHERE day = '2025-01-09' ORDER BY 1`),
    ).toEqual([{ currency: 'CHF' }, { currency: 'EUR' }]);
  });
});

describe('a column that the transform yields', () => {
  const SALES = 'count(*)::int AS sales';
  async function extended(): Promise<SmallDataset> {
    const world = await built();
    await world.query(
      `${TABLE} ADD COLUMN sales integer; UPDATE finance.sales_by_day b SET sales = 3; ${TABLE} ALTER sales SET NOT NULL`,
    );
    await editContract(world, 'corrected.sql', yielding('cast(count(*) as integer) as sales'));
    return world;
  }

  it('has everything built again, is proved, published, and moved into the base', async () => {
    const world = await extended();
    const { lines } = await proposal(world);
    expect(lines.join('\n')).toContain('the corrected logic is another: everything is proved and built again');
    expect(await replan(world)).toMatchObject({ rebuild: true, counts: { partitionsDone: 0, batchesDone: 0 } });
    const proofs = [
      ...(await world.activities.proveIdempotency(RUN)).checks,
      ...(await world.activities.proveLogic(RUN)).checks,
    ];
    expect(proofs.filter(({ verdict }) => verdict === 'fail')).toEqual([]);
    await world.throughPublication();
    expect(await differing(world, 'finance.sales_current', 'sales', SALES)).toBe(0);
    // What the base says of rows that the correction leaves alone is the transform's as well, once it is consolidated.
    await world.query(
      `UPDATE finance.sales_by_day SET sales = 99 WHERE day = '2025-01-05'; DELETE FROM governance.dirty_partitions`,
    );
    await world.signOff();
    expect((await world.activities.consolidateClaim({ ...RUN, limits: LIMITS })).done).toBe(true);
    expect(await world.activities.retireOverlay(RUN)).toEqual({ retired: true });
    expect(await differing(world, 'finance.sales_by_day', 'sales', SALES)).toBe(0);
  });

  it('is refused where the contract changed beside it, or its transform is of no use', async () => {
    const world = await extended();
    await editContract(world, 'dataset.contract.yaml', (yaml) =>
      yaml.replace('required: [net]', 'required: [net, gross]'),
    );
    expect(await noReplan(world)).toBe(
      'required of the contract is another than in the plan: a replan carries added columns alone; restore it, or abort and start another backfill',
    );
    await editContract(world, 'dataset.contract.yaml', (yaml) =>
      yaml.replace('required: [net, gross]', 'required: [net]'),
    );
    await editContract(world, 'corrected.sql', () =>
      CORRECTED.replace('s.day, s.merchant,', 's.day, s.merchant, nothing as sales,'),
    );
    const reason = await noReplan(world);
    expect(reason).toContain('rows of the interval hold something else than NULL in column sales');
    expect(reason).toContain('corrected.sql: the server refuses it: column "nothing" does not exist');
    await editContract(world, 'corrected.sql', () =>
      yielding('cast(count(*) as integer) as sales')(CORRECTED).replace(
        '  cast(sum(s.tax) as numeric(14, 2)) as tax,\n',
        '',
      ),
    );
    expect(await noReplan(world)).toContain(
      'corrected.sql: does not yield column tax of finance.sales_by_day, which is NOT NULL and has no default',
    );
  });
});

describe('a view', () => {
  it('that its owner extended meanwhile is taken over, and one that is a selection stays one', async () => {
    const world = await built();
    await world.query(
      `${TABLE} ADD COLUMN b text, ADD COLUMN a text; CREATE OR REPLACE VIEW finance.sales_current AS SELECT ${VIEW_OF_ALL}, a FROM finance.sales_by_day`,
    );
    await replan(world);
    expect((await planOf(world))?.view).toEqual([...VIEW_OF_ALL.split(', '), 'a', 'b']);

    const other = await datasetWith(
      {},
      `DROP VIEW finance.sales_current; CREATE VIEW finance.sales_current AS SELECT day, merchant, net FROM finance.sales_by_day;
      ALTER VIEW finance.sales_current OWNER TO finance_views; GRANT SELECT ON finance.sales_current TO dashboard, backfill_worker; UPDATE governance.datasets SET published_view = 'finance.sales_current'::regclass`,
    );
    await other.plan();
    await other.preserve();
    await other.query(`${TABLE} ADD COLUMN secret text`);
    expect((await proposal(other)).lines).toContain(
      'view finance.sales_current shows a selection of columns, and secret is not one of them',
    );
    await replan(other);
    expect((await planOf(other))?.view).toEqual(['day', 'merchant', 'net']);
  });
});

describe('a computed column', () => {
  it('is computed in the shadow as in the base', async () => {
    const world = await built();
    await world.query(`${TABLE} ADD COLUMN share numeric GENERATED ALWAYS AS (net / gross) STORED`);
    await replan(world);
    await world.conclude();
    await world.approve();
    await world.publish();
    expect(await world.query('SELECT FROM finance.sales_current WHERE share IS DISTINCT FROM net / gross')).toEqual([]);
  });
});

describe('an approval of the older plan', () => {
  it('is void, and whoever repeats it publishes nothing before evidence was found again', async () => {
    const world = await built();
    await world.conclude();
    await world.approve();
    await world.query(`${TABLE} ADD COLUMN currency text`);
    await replan(world);
    expect(await world.query('SELECT void_because FROM governance.backfill_approvals')).toEqual([
      { void_because: 'the plan was replaced' },
    ]);
    await world.approve('director');
    const outcome = await world.activities.publishRelease({ ...RUN, windowMs: 1, limits: LIMITS });
    expect(outcome).toEqual({
      kind: 'approvalVoid',
      reason: 'the newest evidence of fix-tax is of an older plan: it has to be found again',
    });
    await world.conclude();
    await world.approve();
    await world.publish();
  });
});
