import { afterEach, describe, expect, it } from 'vitest';
import { CONTRACT, CORRECTED, SALES, SPEC } from '../support/sales-scenario.ts';
import type { Scenario, SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

let world: SmallDataset;
afterEach(() => world.end());

/** Every reason against the plan after `change` was made to the warehouse. */
async function reasonsAfter(change: string, scenario: Partial<Scenario> = {}): Promise<readonly string[]> {
  world = await createDataset(scenario);
  if (change !== '') await world.query(change);
  const draft = await world.draft();
  return draft.kind === 'refused' ? draft.reasons : [];
}

/** Everything in the database that a plan might have left behind. */
const TRACES = `
  SELECT 'relation' AS kind, c.oid::regclass::text AS name, c.relkind::text || c.relacl::text AS detail FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname !~ '^pg_'
  UNION ALL SELECT 'trigger', tgname, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL SELECT 'function', p.oid::regprocedure::text, md5(prosrc) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname !~ '^pg_'
  UNION ALL SELECT 'rows', 'runs', (SELECT count(*) FROM governance.backfill_runs)::text
  UNION ALL SELECT 'rows', 'events', (SELECT count(*) FROM governance.backfill_events)::text ORDER BY 1, 2`;

describe('a plan', () => {
  it('stands for the dataset as it is, names what it will do, and leaves no trace', async () => {
    world = await createDataset();
    const before = await world.query(TRACES);
    const draft = await world.draft();
    expect(draft).toMatchObject({
      kind: 'plan',
      plan: {
        partitions: 14,
        batches: 2,
        keyType: 'date',
        comparedColumns: ['day', 'merchant', 'gross', 'net', 'tax'],
        auditColumns: ['updated_at'],
      },
    });
    expect(await world.query(TRACES)).toEqual(before);
  });

  it('that is refused leaves no trace either', async () => {
    world = await createDataset({ spec: SPEC.replace('finance.sales_before', 'finance.sales_current_v2') });
    await world.query('CREATE TABLE finance.sales_current_v2 (); GRANT SELECT ON finance.sales_by_day TO dashboard');
    const before = await world.query(TRACES);
    expect(await world.draft()).toMatchObject({ kind: 'refused' });
    expect(await world.query(TRACES)).toEqual(before);
  });
});

describe('the shape of table and view', () => {
  it.each([
    {
      what: 'the view is missing',
      change: 'DROP VIEW finance.sales_current',
      reason:
        'published view finance.sales_current does not exist; backfill adopt finance.sales_by_day draws it up, or correct published_view in the contract',
    },
    {
      what: 'the view is a table',
      change:
        'DROP VIEW finance.sales_current; CREATE TABLE finance.sales_current AS SELECT * FROM finance.sales_by_day; GRANT SELECT ON finance.sales_current TO backfill_worker',
      reason:
        'finance.sales_current is not a view; consumers must read through one, because publication changes what a view shows',
    },
    {
      what: 'the view filters',
      change:
        'CREATE OR REPLACE VIEW finance.sales_current AS SELECT day, merchant, gross, net, tax, updated_at FROM finance.sales_by_day WHERE merchant > 0',
      reason: /^view finance\.sales_current is not a plain selection of columns/,
    },
    {
      what: 'the view checks what is written through it',
      change: 'ALTER VIEW finance.sales_current SET (check_option = cascaded)',
      reason: /check_option.*ALTER VIEW finance\.sales_current RESET \(check_option\)$/,
    },
    {
      what: 'somebody may write through the view',
      change: 'GRANT INSERT, SELECT ON finance.sales_current TO revenue_pipeline',
      reason:
        /^role revenue_pipeline may write through view finance\.sales_current.*REVOKE INSERT, UPDATE, DELETE ON finance\.sales_current FROM revenue_pipeline$/,
    },
    {
      what: 'no unique index is there',
      change: 'ALTER TABLE finance.sales_by_day DROP CONSTRAINT sales_by_day_pkey',
      reason: /has no unique index on exactly \(day, merchant\)/,
    },
    {
      what: 'a key may be null',
      change:
        'ALTER TABLE finance.sales_by_day DROP CONSTRAINT sales_by_day_pkey, ALTER merchant DROP NOT NULL; CREATE UNIQUE INDEX ON finance.sales_by_day (merchant, day)',
      reason:
        'column merchant of finance.sales_by_day may be null, and its unique index lets a null stand twice: ALTER TABLE finance.sales_by_day ALTER COLUMN merchant SET NOT NULL, or make the index UNIQUE NULLS NOT DISTINCT',
    },
    {
      what: 'a column cannot be compared',
      change: `ALTER TABLE finance.sales_by_day ADD COLUMN detail json`,
      reason:
        'column detail of finance.sales_by_day has type json, which cannot be compared; change it to jsonb or text',
    },
    ...['money', 'bit(3)', 'tsvector', 'point', 'xml', 'json[]'].map((type) => ({
      what: `a column of type ${type} cannot be compared`,
      change: `ALTER TABLE finance.sales_by_day ADD COLUMN detail ${type}`,
      reason: `column detail of finance.sales_by_day has type ${type}, which cannot be compared; change it to jsonb or text`,
    })),
    {
      what: 'a column has a name that the shadow needs',
      change: `ALTER TABLE finance.sales_by_day ADD COLUMN backfill_id text`,
      reason: /column backfill_id .* needs for itself/,
    },
    {
      what: 'a column has the name of a side of the comparison',
      change: `ALTER TABLE finance.sales_by_day ADD COLUMN old text`,
      reason:
        'column old of finance.sales_by_day has the name that the comparison gives to whole rows; rename it in the table',
    },
    {
      what: 'a column numbers its rows itself',
      change: 'ALTER TABLE finance.sales_by_day ADD COLUMN row_no bigint GENERATED ALWAYS AS IDENTITY',
      reason: /column row_no of finance\.sales_by_day numbers its rows itself \(identity\)/,
    },
    {
      what: 'the partition key may be null',
      change:
        'ALTER TABLE finance.sales_by_day DROP CONSTRAINT sales_by_day_pkey, ALTER day DROP NOT NULL; CREATE UNIQUE INDEX ON finance.sales_by_day (day, merchant)',
      reason:
        'column day of finance.sales_by_day may be null; a partition key must be NOT NULL: ALTER TABLE finance.sales_by_day ALTER COLUMN day SET NOT NULL',
    },
    {
      what: 'the snapshot exists',
      change: 'CREATE TABLE finance.sales_before (); GRANT SELECT ON finance.sales_before TO backfill_worker',
      reason: /finance\.sales_before.*exists/,
    },
    {
      what: 'the shadow exists',
      change: 'CREATE TABLE finance.sales_by_day_v2 ()',
      reason: /finance\.sales_by_day_v2.*exists/,
    },
  ])('refuses the plan when $what', async ({ change, reason }) => {
    const reasons = await reasonsAfter(change);
    expect(reasons).toContainEqual(typeof reason === 'string' ? reason : (expect.stringMatching(reason) as string));
  });

  it('refuses the plan when the table is missing', async () => {
    const reasons = await reasonsAfter('DROP TABLE finance.sales_by_day CASCADE');
    expect(reasons[0]).toMatch(/^table finance\.sales_by_day does not exist/);
  });

  it('refuses the plan when the partition key has a type it does not know', async () => {
    const reasons = await reasonsAfter('', {
      tables: SALES.tables
        .replaceAll(
          'day date not null, merchant bigint not null, gross numeric(14',
          'day text not null, merchant bigint not null, gross numeric(14',
        )
        .replace('select day, merchant, sum(gross)', 'select day::text, merchant, sum(gross)'),
    });
    expect(reasons).toContainEqual(
      'partition key day of finance.sales_by_day has type text; this version knows date, timestamp and timestamptz',
    );
  });
});

describe('readers past the view', () => {
  it.each([
    { what: 'a role', change: 'GRANT SELECT ON finance.sales_by_day TO dashboard', reader: 'role dashboard' },
    {
      what: 'a role with some columns',
      change: 'GRANT SELECT (day, net) ON finance.sales_by_day TO finance_export',
      reader: 'role finance_export',
    },
    { what: 'everybody', change: 'GRANT SELECT ON finance.sales_by_day TO PUBLIC', reader: 'role PUBLIC' },
    {
      what: 'a view',
      change: 'CREATE VIEW finance.past AS SELECT net FROM finance.sales_by_day',
      reader: 'view finance.past',
    },
    {
      what: 'a materialised view',
      change: 'CREATE MATERIALIZED VIEW finance.kept AS SELECT net FROM finance.sales_by_day',
      reader: 'materialised view finance.kept',
    },
    {
      what: 'a function whose body is parsed',
      change: `CREATE FUNCTION finance.total(d date) RETURNS numeric LANGUAGE sql BEGIN ATOMIC SELECT sum(net) FROM finance.sales_by_day WHERE day = d; END`,
      reader: 'function finance.total(d date)',
    },
    {
      what: 'a rule on another table',
      change: `CREATE TABLE finance.log (net numeric); CREATE RULE noted AS ON DELETE TO finance.log DO ALSO INSERT INTO finance.log SELECT net FROM finance.sales_by_day`,
      reader: 'rule noted on finance.log',
    },
    {
      what: 'a policy of another table',
      change: `CREATE TABLE finance.log (net numeric); CREATE POLICY few ON finance.log USING (net < (SELECT max(net) FROM finance.sales_by_day))`,
      reader: 'policy few on finance.log',
    },
    {
      what: 'a function whose body is text',
      change: `CREATE FUNCTION finance.total() RETURNS numeric LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT sum(net) FROM finance."sales_by_day"); END $$`,
      reader: 'function finance.total()',
    },
  ])('refuse the plan: $what', async ({ change, reader }) => {
    expect(await reasonsAfter(change)).toEqual([
      `${reader} reads finance.sales_by_day past the published view and would not see the correction until consolidation; backfill adopt finance.sales_by_day draws up how it reads the view, or accept that in publication.direct_readers`,
    ]);
  });

  it('are named as a warning once the spec accepts them', async () => {
    world = await createDataset({ spec: `${SPEC}publication: { direct_readers: [dashboard] }\n` });
    await world.query('GRANT SELECT ON finance.sales_by_day TO dashboard');
    const draft = await world.draft();
    expect(draft.kind === 'plan' && draft.plan.warnings).toContain(
      'role dashboard reads the base table past the view (accepted by the spec): it sees old history until consolidation, which is one transaction for its sake: late days wait for it',
    );
  });
});

describe('a name of more letters than the shadow may have', () => {
  it('is cut by bytes at a letter, so that a table that has it is found', async () => {
    const name = 'ä'.repeat(31);
    const renamed = (text: string): string => text.replaceAll('finance.sales_by_day', `finance."${name}"`);
    world = await createDataset({
      dataset: { schema: 'finance', name },
      tables: renamed(SALES.tables),
      contract: renamed(SALES.contract),
      spec: renamed(SALES.spec),
    });
    const shadow = `${'ä'.repeat(30)}_v2`;
    expect(await world.draft()).toMatchObject({ kind: 'plan', plan: { shadow: { schema: 'finance', name: shadow } } });
    await world.query(`CREATE TABLE finance."${name}_v2" ()`);
    await world.query(`CREATE TABLE finance."${shadow}" ()`);
    expect(await world.draft()).toMatchObject({
      kind: 'refused',
      reasons: [expect.stringContaining(`${shadow}" (the shadow table) exists already`)],
    });
  });
});

describe('no readers past the view', () => {
  it('are a role that may write some columns, and functions that load the table, read the view, or name something longer', async () => {
    world = await createDataset();
    await world.query(
      `GRANT SELECT (day, net), UPDATE (net) ON finance.sales_by_day TO finance_export;
       CREATE PROCEDURE finance.load() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO finance.sales_by_day SELECT * FROM finance.sales_by_day WHERE false; END $$;
       CREATE PROCEDURE finance.sweep() BEGIN ATOMIC DELETE FROM finance.sales_by_day WHERE net IS NULL; END;
       CREATE FUNCTION finance.shown() RETURNS numeric LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT sum(net) FROM finance.sales_current); END $$;
       CREATE FUNCTION finance.other() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN 'old_sales_by_day, finance.sales_by_day_old'; END $$`,
    );
    expect((await world.draft()).kind).toBe('plan');
  });
});

describe('several reasons', () => {
  it('are all told at once', async () => {
    const reasons = await reasonsAfter(
      `GRANT SELECT ON finance.sales_by_day TO dashboard; ALTER VIEW finance.sales_current SET (check_option = local);
       ALTER TABLE finance.sales_by_day ADD COLUMN detail json; CREATE TABLE finance.sales_before (); REVOKE SELECT ON staging.sales FROM backfill_worker;
       UPDATE governance.datasets SET script_sha256 = 'x'`,
      {
        contract: CONTRACT.replace('[net]', '[net, colour]'),
        files: {
          'corrected.sql': CORRECTED.replace('as tax', 'as taxes'),
          'gross.sql': SALES.files['gross.sql'] ?? '',
        },
      },
    );
    for (const word of [
      'dashboard',
      'check_option',
      'json',
      'sales_before',
      'GRANT SELECT ON "staging"."sales"',
      'another version',
      'colour',
      'taxes',
    ])
      expect(reasons, word).toContainEqual(expect.stringContaining(word) as string);
  });
});
