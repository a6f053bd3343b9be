import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nameReferences } from '../../src/warehouse/postgres/adoption/name-references.ts';
import type { Adopting } from '../support/adoption.ts';
import { adopting } from '../support/adoption.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';
import { PARTITIONED_SALES } from '../support/partitioned-sales.ts';

let world: SmallDataset;
let cli: Adopting;
beforeAll(async () => {
  world = await createDataset({ tables: PARTITIONED_SALES });
  await world.query('ALTER TABLE finance.sales_by_day ADD COLUMN recorded timestamptz');
  cli = await adopting(world, 'finance.sales_by_day');
});
afterAll(async () => {
  await cli.end();
  await world.end();
});

/** Makes a reader, draws the adoption up with its proof, and takes the reader away again. */
async function withReader<T>(create: string, drop: string, use: () => Promise<T>): Promise<T> {
  await world.query(create);
  try {
    return await use();
  } finally {
    await world.query(drop);
  }
}

describe('a reference that only looks like the table', () => {
  it.each([
    {
      what: 'another relation goes by the name of the view',
      query: `SELECT s.day, (SELECT max(sales_by_day.net) FROM finance.sales_by_day WHERE sales_by_day.day = sales_current.day) AS top
                FROM finance.sales_by_day s JOIN (SELECT date '2025-01-03' AS day) sales_current ON sales_current.day = s.day`,
    },
    {
      what: 'the table is used twice without an alias, one inside the other',
      query: `SELECT sales_by_day.day, sales_by_day.net FROM finance.sales_by_day
               WHERE sales_by_day.net = (SELECT max(x.net) FROM finance.sales_by_day x WHERE x.day = sales_by_day.day AND EXISTS (SELECT FROM finance.sales_by_day WHERE sales_by_day.merchant = x.merchant))`,
    },
    {
      what: 'literals, column names and a temporary-looking name hold the words',
      query: `SELECT net AS "finance.sales_by_day", 'FROM finance.sales_by_day sales_current' AS text, merchant AS sales_by_day FROM finance.sales_by_day`,
    },
    {
      what: 'it is joined to the published view itself',
      query: `SELECT sales_by_day.day, count(*) AS n FROM finance.sales_by_day, finance.sales_current WHERE sales_current.day = sales_by_day.day GROUP BY 1`,
    },
    {
      what: 'it stands in a recursive query, a set operation and a lateral join',
      query: `WITH RECURSIVE d(day) AS (SELECT min(day) FROM finance.sales_by_day UNION SELECT n.day FROM d, LATERAL (SELECT sales_by_day.day FROM finance.sales_by_day WHERE sales_by_day.day > d.day ORDER BY 1 LIMIT 1) n)
              SELECT day FROM d UNION ALL SELECT day FROM finance.sales_by_day`,
    },
  ])('is told from one that is: $what', async ({ query }) => {
    await withReader(`CREATE VIEW finance.odd AS ${query}`, 'DROP VIEW finance.odd', async () => {
      const rows = 'SELECT to_jsonb(odd) AS row FROM finance.odd ORDER BY 1';
      const before = await world.query(rows);
      const { exitCode, answer } = await cli.adopt('--prove');
      expect({ exitCode, byHand: answer.byHand, proof: answer.proof.state }).toEqual({
        exitCode: 0,
        byHand: [],
        proof: 'proved',
      });
      await world.query(answer.script);
      expect(await world.query(rows)).toEqual(before);
      expect((await cli.check()).answer.readers).toEqual([]);
      await world.query(answer.script);
      await world.query(answer.undo);
      expect((await cli.check()).answer.readers).toEqual([{ kind: 'view', name: 'finance.odd' }]);
    });
  });

  it('keeps every name apart that a definition has', () => {
    const names = { token: 'tok', view: 'f.v', names: ['v', 'b'] };
    expect(nameReferences('SELECT tok.a FROM tok WHERE tok.*::tok IS NOT NULL', names)).toBe(
      'SELECT v.a FROM f.v WHERE v.*::f.v IS NOT NULL',
    );
    expect(nameReferences('SELECT tok.a, v.a FROM tok, x v, pg_temp_3.tok tok_1, tok "S"', names)).toBe(
      'SELECT b.a, v.a FROM f.v b, x v, f.v b_1, f.v "S"',
    );
    expect(nameReferences(`SELECT tok.a, 'v b' FROM tok`, names)).toBe(`SELECT b_2.a, 'v b' FROM f.v b_2`);
    expect(nameReferences('SELECT 1', names)).toBeNull();
  });
});

describe('a reader that no script moves safely is named with its reason', () => {
  it.each([
    {
      what: 'a WITH query has the name of the table',
      create: `CREATE VIEW finance.odd AS SELECT net FROM finance.sales_by_day WHERE net IN (WITH sales_by_day AS (SELECT max(net) AS net FROM finance.sales_by_day) SELECT net FROM sales_by_day)`,
      drop: 'DROP VIEW finance.odd',
      reason:
        'view finance.odd: it reads the table under a name that something else in its definition has too (a WITH query, a partition), so that the reference cannot be told apart',
    },
    {
      what: 'a column that the view does not show',
      create: `CREATE VIEW finance.odd AS SELECT day, recorded FROM finance.sales_by_day`,
      drop: 'DROP VIEW finance.odd',
      reason: 'view finance.odd: it uses a column that the view does not show (column "recorded" does not exist)',
    },
    {
      what: 'a group by the primary key',
      create: `CREATE VIEW finance.odd AS SELECT day, merchant, net FROM finance.sales_by_day GROUP BY day, merchant`,
      drop: 'DROP VIEW finance.odd',
      reason: /^view finance\.odd: it groups by the primary key of the table/,
    },
    {
      what: 'the row type of the table',
      create: `CREATE VIEW finance.odd AS SELECT s AS whole FROM finance.sales_by_day s`,
      drop: 'DROP VIEW finance.odd',
      reason:
        'view finance.odd: its columns would have other types over the view, which CREATE OR REPLACE does not allow',
    },
    {
      what: 'a whole row, of which the view shows less',
      create: `CREATE VIEW finance.odd AS SELECT to_jsonb(s) AS row FROM finance.sales_by_day s`,
      drop: 'DROP VIEW finance.odd',
      reason: 'view finance.odd: it uses whole rows of the table, of which the view shows other columns',
    },
    {
      what: 'the table without its partitions',
      create: `CREATE VIEW finance.odd AS SELECT net FROM ONLY finance.sales_by_day`,
      drop: 'DROP VIEW finance.odd',
      reason: 'view finance.odd: it reads the table without its partitions (ONLY), which a view does not tell apart',
    },
    {
      what: 'a lock on rows',
      create: `CREATE VIEW finance.odd AS SELECT net FROM finance.sales_by_day FOR UPDATE`,
      drop: 'DROP VIEW finance.odd',
      reason: 'view finance.odd: it locks rows, which a view of several branches does not pass on',
    },
    {
      what: 'a partition by itself',
      create: `CREATE VIEW finance.odd AS SELECT net FROM finance.sales_a`,
      drop: 'DROP VIEW finance.odd',
      reason: 'view finance.odd: it reads finance.sales_a, of which the view shows no part by itself',
    },
    {
      what: 'writes through it',
      create: `CREATE VIEW finance.odd AS SELECT * FROM finance.sales_by_day; GRANT UPDATE ON finance.odd TO dashboard`,
      drop: 'DROP VIEW finance.odd',
      reason:
        'view finance.odd: dashboard may write finance.sales_by_day through it, which a view of several branches does not take',
    },
    {
      what: 'a materialised view that a function reads',
      create: `CREATE MATERIALIZED VIEW finance.odd AS SELECT net FROM finance.sales_by_day; CREATE FUNCTION finance.on_odd() RETURNS numeric BEGIN ATOMIC SELECT max(net) FROM finance.odd; END`,
      drop: 'DROP FUNCTION finance.on_odd(); DROP MATERIALIZED VIEW finance.odd',
      reason: 'materialised view finance.odd: it would be made anew, and function finance.on_odd() reads it',
    },
    {
      what: 'a function whose result is a row of the table',
      create: `CREATE FUNCTION finance.odd() RETURNS SETOF finance.sales_by_day BEGIN ATOMIC SELECT s.* FROM finance.sales_by_day s; END`,
      drop: 'DROP FUNCTION finance.odd()',
      reason: /^function finance\.odd\(\): /,
    },
    {
      what: 'a rule on another table',
      create: `CREATE TABLE finance.log (net numeric); CREATE RULE odd AS ON INSERT TO finance.log DO ALSO UPDATE finance.log SET net = (SELECT max(net) FROM finance.sales_by_day)`,
      drop: 'DROP TABLE finance.log',
      reason: 'rule odd on finance.log: a rule cannot be replaced by one statement that keeps it in force meanwhile',
    },
    {
      what: 'a policy of another table',
      create: `CREATE TABLE finance.log (net numeric); CREATE POLICY odd ON finance.log USING (net < (SELECT max(net) FROM finance.sales_by_day))`,
      drop: 'DROP TABLE finance.log',
      reason:
        'policy odd on finance.log: a policy cannot be replaced by one statement that keeps it in force meanwhile',
    },
    {
      what: 'a role that may read one partition',
      create: 'GRANT SELECT ON finance.sales_a TO dashboard',
      drop: 'REVOKE SELECT ON finance.sales_a FROM dashboard',
      reason: 'role dashboard: it may read finance.sales_a alone, and the view would show it every partition',
    },
    {
      what: 'a role with a column that the view does not show',
      create: 'GRANT SELECT (day, recorded) ON finance.sales_by_day TO dashboard',
      drop: 'REVOKE SELECT (day, recorded) ON finance.sales_by_day FROM dashboard',
      reason: 'role dashboard: it may read column recorded, which finance.sales_current does not show',
    },
    {
      what: 'a right that somebody else gave',
      create: `GRANT SELECT ON finance.sales_by_day TO revenue_pipeline WITH GRANT OPTION; SET ROLE revenue_pipeline; GRANT SELECT ON finance.sales_by_day TO dashboard; RESET ROLE`,
      drop: 'REVOKE GRANT OPTION FOR SELECT ON finance.sales_by_day FROM revenue_pipeline CASCADE',
      reason:
        'role dashboard: its SELECT was granted by revenue_pipeline and not by the owner, who cannot take it back alone',
    },
  ])('$what', async ({ create, drop, reason }) => {
    await withReader(create, drop, async () => {
      const { exitCode, answer } = await cli.adopt('--prove');
      const [found, ...others] = answer.byHand.map((one) => `${one.kind} ${one.name}: ${one.reason}`);
      expect(others).toEqual([]);
      expect(found).toEqual(typeof reason === 'string' ? reason : (expect.stringMatching(reason) as string));
      expect({ exitCode, proof: answer.proof.state }).toEqual({ exitCode: 3, proof: 'proved' });
      // Left on purpose, it is no obstacle.
      const { name = '' } = answer.byHand[0] ?? {};
      expect((await cli.adopt('--leave', name)).answer.kind).toBe('complete');
      expect(await cli.check('--leave', name)).toMatchObject({ exitCode: 0, answer: { left: [{ name }] } });
    });
  });
});
