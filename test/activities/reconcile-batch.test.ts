import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import type { Check } from '../../src/domain/verdict.ts';
import { claimBatch } from '../../src/ledger/batches.ts';
import type { LedgerBatch } from '../../src/ledger/batches.ts';
import { reconcileBatch } from '../../activities/reconcile-batch.ts';
import type { BatchVerdict } from '../../activities/reconcile-batch.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';
import { sqlstate } from '../support/sqlstate.ts';

let world: SmallDataset;
let plan: BackfillPlan;
let sound: BatchVerdict;

beforeAll(async () => {
  world = await createDataset();
  plan = await world.plan();
  await world.preserve();
  await world.build();
  sound = await reconcile();
});
afterAll(() => world.end());

/** The first batch: 1 to 7 January, 35 rows, 21 of them corrected. */
const reconcile = (): Promise<BatchVerdict> =>
  world.session(async (session) => {
    const [batch] = await session.rows<LedgerBatch>(claimBatch(plan.backfillId, 1, 1_000));
    if (batch === undefined) throw new Error('batch 1 is not in the ledger');
    return reconcileBatch(session, plan, batch, 1_000);
  });

/** Verdict with `damage` done to the shadow; the shadow is whole again afterwards. */
async function reconcileWith(damage: string): Promise<BatchVerdict> {
  await world.query('DROP TABLE IF EXISTS whole; CREATE TABLE whole AS SELECT * FROM finance.sales_by_day_v2');
  await world.query(damage);
  try {
    return await reconcile();
  } finally {
    await world.query('DELETE FROM finance.sales_by_day_v2; INSERT INTO finance.sales_by_day_v2 SELECT * FROM whole');
  }
}

const recorded = async (): Promise<readonly Check[]> =>
  (await world.query<{ checks: Check[] }>('SELECT checks FROM governance.backfill_batches WHERE batch = 1'))[0]
    ?.checks ?? [];

const failing = async (): Promise<string[]> =>
  (await recorded()).filter((check) => check.verdict === 'fail').map((check) => `${check.level} ${check.name}`);

const S = 'finance.sales_by_day_v2';
const AT = (merchant: number): string => `day = '2025-01-03' AND merchant = ${merchant}`;

describe('a sound batch', () => {
  it('passes with every changed row explained and the top rows by size', async () => {
    expect(sound).toMatchObject({ verdict: 'pass', failed: null });
    expect(sound.figures).toMatchObject({
      partitionsPlanned: 7,
      partitionsBuilt: 7,
      rowsOld: 35,
      rowsNew: 35,
      rowsSame: 14,
      rowsChanged: 21,
      rowsAdded: 0,
      rowsRemoved: 0,
      rowsLive: 0,
      explained: { tax_was_included: 21 },
      unexplained: 0,
    });
    const [evidence] = await world.query<{ top: { old: string; new: string }[] }>(
      `SELECT body -> 'topRows' AS top FROM governance.backfill_evidence WHERE kind = 'batch' AND batch = 1 ORDER BY evidence_id DESC LIMIT 1`,
    );
    const sizes = (evidence?.top ?? []).map((row) => Math.abs(Number(row.new) - Number(row.old)));
    expect(sizes).toHaveLength(21);
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
  });

  it('gives the same digest whenever it is reconciled again', async () => {
    expect((await reconcile()).digest).toBe(sound.digest);
  });
});

describe('damage to a built batch is found:', () => {
  it.each([
    {
      what: 'a row that is gone',
      damage: `DELETE FROM ${S} WHERE ${AT(1)}`,
      checks: ['structural row_count', 'structural rows_outside', 'aggregate source_total:gross'],
      figures: { rowsRemoved: 1, rowsOutside: 1, unexplained: 1 },
    },
    {
      what: 'a row too many inside the interval',
      damage: `INSERT INTO ${S} SELECT day, 4711, 1, 1, 0, updated_at, recalculated_at, backfill_id FROM ${S} WHERE ${AT(1)}`,
      checks: ['structural row_count', 'structural rows_outside', 'aggregate source_total:gross'],
      figures: { rowsAdded: 1, rowsOutside: 1, unexplained: 1 },
    },
    {
      what: 'a key that another replaced, as many rows as before',
      damage: `UPDATE ${S} SET merchant = 4711 WHERE ${AT(1)}`,
      checks: ['structural row_count'],
      figures: { rowsAdded: 1, rowsRemoved: 1 },
    },
    {
      what: 'a row of another run',
      damage: `UPDATE ${S} SET backfill_id = 'another' WHERE ${AT(2)}`,
      checks: ['structural rows_outside'],
      figures: { rowsOutside: 1 },
    },
    {
      what: 'a required value that is missing',
      damage: `UPDATE ${S} SET net = NULL WHERE ${AT(1)}`,
      checks: ['structural required:net'],
      figures: { nulls: { net: 1 }, unexplained: 1 },
    },
    {
      what: 'a cent too much in a figure with an independent total',
      damage: `UPDATE ${S} SET gross = gross + 0.01 WHERE ${AT(2)}`,
      checks: ['aggregate source_total:gross'],
      figures: { sourceDifferences: { gross: '0.01' } },
    },
    {
      what: 'a cent too little',
      damage: `UPDATE ${S} SET gross = gross - 0.01 WHERE ${AT(2)}`,
      checks: ['aggregate source_total:gross'],
      figures: { sourceDifferences: { gross: '0.01' } },
    },
    {
      what: 'two errors that cancel out in the batch but not in their days',
      damage: `UPDATE ${S} SET gross = gross + CASE day WHEN '2025-01-03' THEN 1 ELSE -1 END WHERE merchant = 2 AND day IN ('2025-01-03', '2025-01-04')`,
      checks: ['aggregate source_total:gross'],
      figures: { sourceDifferences: { gross: '1.00' } },
    },
    {
      what: 'a sum far beyond what was expected',
      damage: `UPDATE ${S} SET net = net * 2 WHERE day <= '2025-01-07'`,
      checks: ['aggregate delta:net'],
      figures: {},
    },
  ])('$what', async ({ damage, checks, figures }) => {
    const { verdict, figures: found } = await reconcileWith(damage);
    expect(verdict).toBe('fail');
    expect(await failing()).toEqual(checks);
    expect(found).toMatchObject(figures);
  });

  it.each([
    {
      what: 'a cent in a figure that nothing else knows',
      damage: `UPDATE ${S} SET net = net + 0.01 WHERE ${AT(2)}`,
      unexplained: 1,
    },
    {
      what: 'two values that changed places',
      damage: `UPDATE ${S} a SET net = b.net FROM ${S} b WHERE a.day = '2025-01-03' AND b.day = a.day AND (a.merchant, b.merchant) IN ((2, 4), (4, 2))`,
      unexplained: 2,
    },
    {
      what: 'turned signs that add up to nothing',
      damage: `UPDATE ${S} SET net = net + CASE merchant WHEN 2 THEN 2 * 7 ELSE -2 * 7 END WHERE day = '2025-01-03' AND merchant IN (2, 4)`,
      unexplained: 2,
    },
  ])('row by row, as unexplained: $what', async ({ damage, unexplained }) => {
    const { figures } = await reconcileWith(damage);
    expect(figures.unexplained).toBe(unexplained);
    expect(figures.measures['net']?.new === sound.figures.measures['net']?.new).toBe(unexplained === 2);
  });

  it.each([
    { what: 'a second row of one key', damage: `INSERT INTO ${S} SELECT * FROM ${S} WHERE ${AT(1)}`, code: '23505' },
    { what: 'a row outside the interval', damage: `UPDATE ${S} SET day = '2025-01-15' WHERE ${AT(1)}`, code: '23514' },
  ])('the table itself refuses $what', async ({ damage, code }) => {
    expect(await sqlstate(world.query(damage))).toMatchObject({ code });
  });

  it('a second row of one key also where somebody dropped the unique index', async () => {
    const [index] = await world.query<{ name: string }>(
      `SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indrelid = '${S}'::regclass AND indisunique`,
    );
    const { figures } = await reconcileWith(
      `DROP INDEX ${index?.name}; INSERT INTO ${S} SELECT * FROM ${S} WHERE ${AT(1)}`,
    );
    expect(figures.duplicateKeys).toBe(1);
    expect(await failing()).toContain('structural unique_key');
    await world.query(`CREATE UNIQUE INDEX ON ${S} (day, merchant)`);
  });

  it.each([
    { what: 'is gone', index: '' },
    { what: 'holds fewer rows', index: `CREATE UNIQUE INDEX ON ${S} (day, merchant) WHERE merchant > 2` },
    { what: 'holds another key', index: `CREATE UNIQUE INDEX ON ${S} (day, merchant, net)` },
  ])('that a key could stand twice, because the unique index $what', async ({ index }) => {
    const [before] = await world.query<{ name: string }>(
      `SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indrelid = '${S}'::regclass AND indisunique`,
    );
    await reconcileWith(`DROP INDEX ${before?.name}; ${index}`);
    expect(await recorded()).toContainEqual({
      name: 'unique_key',
      level: 'structural',
      verdict: 'fail',
      figure: 'no unique index, 0 duplicates',
      limit: '0 duplicates',
    });
    const left = await world.query<{ name: string }>(
      `SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indrelid = '${S}'::regclass AND indisunique`,
    );
    for (const { name } of left) await world.query(`DROP INDEX ${name}`);
    await world.query(`CREATE UNIQUE INDEX ON ${S} (merchant, day)`);
  });

  it('and none of it stays: the whole shadow passes again with the digest it had', async () => {
    expect((await reconcile()).digest).toBe(sound.digest);
  });
});

describe('a live write', () => {
  it('is counted as live and kept out of every other figure', async () => {
    await world.as(
      'revenue_pipeline',
      `UPDATE finance.sales_by_day SET net = net + 1000, gross = gross + 1000 WHERE ${AT(1)}`,
    );
    await world.as(
      'revenue_pipeline',
      `INSERT INTO finance.sales_by_day (day, merchant, gross, net, tax) VALUES ('2025-01-03', 90, 7, 7, 0)`,
    );
    await world.as('revenue_pipeline', `DELETE FROM finance.sales_by_day WHERE ${AT(2)}`);
    const { verdict, figures } = await reconcile();
    expect(verdict).toBe('pass');
    expect(figures).toMatchObject({
      rowsLive: 3,
      rowsChanged: 20,
      rowsSame: 13,
      rowsAdded: 0,
      rowsRemoved: 0,
      unexplained: 0,
    });
    const [row] = await world.query<{ gone: string }>(
      `SELECT (7 + 1000 - net)::text AS gone FROM finance.sales_before WHERE ${AT(2)}`,
    );
    const { old = '', new: now = '' } = figures.liveMeasures['net'] ?? {};
    expect(Number(now) - Number(old)).toBeCloseTo(Number(row?.gone), 6);
    const [{ net } = { net: '' }] = await world.query<{ net: string }>(
      `SELECT sum(net)::text AS net FROM finance.sales_before WHERE day < '2025-01-08' AND NOT (day = '2025-01-03' AND merchant IN (1, 2))`,
    );
    expect(figures.measures['net']?.old).toBe(net);
  });
});
