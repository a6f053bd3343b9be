import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { reconcileBatch } from '../../activities/reconcile-batch.ts';
import type { BatchVerdict } from '../../activities/reconcile-batch.ts';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import type { Check } from '../../src/domain/verdict.ts';
import type { LedgerBatch } from '../../src/ledger/batches.ts';
import { claimBatch } from '../../src/ledger/batches.ts';
import { CONTRACT, SPEC, salesTables } from '../support/sales-scenario.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

const S = 'finance.sales_by_day_v2';
const OLD = 'finance.sales_before';
const ROW = `day = '2025-01-03' AND merchant = 2`;

let world: SmallDataset;
let plan: BackfillPlan;

/** Even merchants do not change: what is done to them is all that differs. Infinity needs a column without scale. */
beforeAll(async () => {
  world = await createDataset({
    tables: salesTables(`create table finance.sales_by_day (
      day date not null, merchant bigint not null, gross numeric(14, 2) not null, net numeric(14, 2), tax numeric,
      updated_at timestamptz not null default now(), primary key (day, merchant));`),
    contract: CONTRACT.replace(
      'tax_was_included: "new.net = old.net - old.tax"',
      'tax_was_included: "new.net = old.net - old.tax"\n  never_more: "new.net < old.net"\n  gone: "new IS NULL AND old.merchant = 4"',
    ).replace('gross: sum(gross) }', 'gross: sum(gross), mean: avg(net) }'),
    spec: SPEC.replace(
      'row_count_tolerance: 0',
      'row_count_tolerance: 5, max_unexplained_rows: 1, tolerances: { tax: { absolute: 0.02, relative: 0.1%, drift: 0.03 } }',
    ),
  });
  plan = await world.plan();
  await world.preserve();
  await world.build();
  for (const table of [S, OLD]) await world.query(`CREATE TABLE ${table}_whole AS TABLE ${table}`);
});
beforeEach(async () => {
  for (const table of [S, OLD])
    await world.query(`DELETE FROM ${table}; INSERT INTO ${table} SELECT * FROM ${table}_whole`);
});
afterAll(() => world.end());

const reconcile = (): Promise<BatchVerdict & { checks: readonly Check[] }> =>
  world.session(async (session) => {
    const [batch] = await session.rows<LedgerBatch>(claimBatch(plan.backfillId, 1, 1_000));
    if (batch === undefined) throw new Error('batch 1 is not in the ledger');
    const verdict = await reconcileBatch(session, plan, batch, 1_000);
    const [row] = await session.rows<{ checks: readonly Check[] }>({
      text: 'SELECT checks FROM governance.backfill_batches WHERE batch = 1',
      values: [],
    });
    return { ...verdict, checks: row?.checks ?? [] };
  });

const put = (table: string, value: string): Promise<unknown> =>
  world.query(`UPDATE ${table} SET tax = ${value} WHERE ${ROW}`);
const checkOf = ({ checks }: { checks: readonly Check[] }, name: string) => checks.find((check) => check.name === name);

/** Snapshot and base alike, so that the row is not a live one. */
async function both(old: string, now: string): Promise<BatchVerdict['figures']> {
  await put(OLD, old);
  await put('finance.sales_by_day', old);
  await put(S, now);
  return (await reconcile()).figures;
}

describe('a difference within the tolerance of its column', () => {
  it.each([
    ['no difference', '7', '7.00', 'same'],
    ['the absolute bound', '7', '7.02', 'tolerated'],
    ['beyond the absolute bound', '7', '7.03', 'changed'],
    ['the relative bound, of the larger one', '1000', '1001', 'tolerated'],
    ['beyond the relative bound', '1000', '1001.01', 'changed'],
    ['null beside a value', 'NULL', '0', 'changed'],
    ['null beside null', 'NULL', 'NULL', 'same'],
    ['NaN beside NaN', `'NaN'`, `'NaN'`, 'same'],
    ['NaN beside a number', `'NaN'`, '7', 'changed'],
    ['infinity beside a number', '7', `'Infinity'`, 'changed'],
    ['infinity beside its opposite', `'-Infinity'`, `'Infinity'`, 'changed'],
    ['infinity beside itself', `'Infinity'`, `'Infinity'`, 'same'],
  ])('%s: %s and %s are %s', async (_, old, now, expected) => {
    const { rowsSame, rowsTolerated, rowsChanged, rowsLive } = await both(old, now);
    expect({
      rowsLive,
      [expected]: { same: rowsSame - 13, tolerated: rowsTolerated, changed: rowsChanged - 21 }[expected],
    }).toEqual({
      rowsLive: 0,
      [expected]: 1,
    });
    await both('7', '7');
  });

  it('is bound in what it adds up to, with its sign', async () => {
    await both('7', '7');
    await world.query(
      `UPDATE ${S} SET tax = o.tax + 0.01 FROM ${OLD} o WHERE o.day = ${S}.day AND o.merchant = ${S}.merchant AND ${S}.merchant = 2 AND ${S}.day <= '2025-01-04'`,
    );
    const found = await reconcile();
    expect(found.figures).toMatchObject({ rowsTolerated: 4, tolerated: { tax: { signed: '0.04', absolute: '0.04' } } });
    expect(checkOf(found, 'tolerated:tax')).toMatchObject({ verdict: 'fail', figure: '0.04', limit: '±0.03' });
    await world.query(`UPDATE ${S} SET tax = tax - 0.02 WHERE merchant = 2 AND day <= '2025-01-02'`);
    expect(checkOf(await reconcile(), 'tolerated:tax')).toMatchObject({ verdict: 'pass', figure: '0.00' });
  });
});

describe('a reason', () => {
  it('is the first that holds, rows with two are counted, and a row that is gone may have one', async () => {
    await world.query(`DELETE FROM ${S} WHERE day = '2025-01-03' AND merchant = 4`);
    const found = await reconcile();
    expect(found.figures).toMatchObject({
      rowsRemoved: 1,
      explained: { tax_was_included: 21, never_more: 0, gone: 1 },
      overlaps: { 'tax_was_included + never_more': 21 },
      signatures: { net: 21 },
      unexplained: 0,
    });
    expect(checkOf(found, 'explained_twice')).toMatchObject({ figure: '21', verdict: 'info' });
    expect(checkOf(found, 'attribution:mean')).toMatchObject({ verdict: 'info', figure: 'not attributable' });
    const { total = '', ...pieces } = found.figures.attribution['net'] ?? {};
    const sum = Object.values(pieces).reduce((all, piece) => all + Math.round(Number(piece) * 100), 0);
    expect(sum).toBe(Math.round(Number(total) * 100));
    expect(Object.keys(pieces).sort()).toEqual(['explained:gone', 'explained:tax_was_included', 'live']);
  });

  it('may be missing for as many rows as the spec allows', async () => {
    await world.query(`UPDATE ${S} SET net = net + 1 WHERE day = '2025-01-05' AND merchant = 2`);
    expect(checkOf(await reconcile(), 'unexplained')).toMatchObject({
      verdict: 'pass',
      figure: '1',
      limit: 'at most 1',
    });
    await world.query(`UPDATE ${S} SET net = net + 1 WHERE day = '2025-01-04' AND merchant = 2`);
    expect(checkOf(await reconcile(), 'unexplained')).toMatchObject({ verdict: 'fail', figure: '2' });
  });
});
