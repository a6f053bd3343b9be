import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { boundaryChecks, columnsCheck } from '../../activities/compared-run.ts';
import { reconcileBatch } from '../../activities/reconcile-batch.ts';
import type { BatchVerdict } from '../../activities/reconcile-batch.ts';
import { judgeRun } from '../../activities/run-evidence.ts';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import type { Check } from '../../src/domain/verdict.ts';
import type { LedgerBatch } from '../../src/ledger/batches.ts';
import { claimBatch } from '../../src/ledger/batches.ts';
import { LONG_SALES } from '../support/long-sales.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

let world: SmallDataset;
let plan: BackfillPlan;

beforeAll(async () => {
  world = await createDataset(LONG_SALES);
  plan = await world.plan();
  await world.preserve();
  await world.build();
});
afterAll(() => world.end());

interface Detected {
  /** By batches and by the run: names of failing checks. */
  readonly batches: readonly string[];
  readonly run: readonly string[];
  readonly leftOver: readonly string[];
}

const failing = (checks: readonly Check[]): string[] =>
  checks.filter(({ verdict }) => verdict === 'fail').map(({ name }) => name);

/** Every batch and the run, judged anew. */
function look(): Promise<Detected> {
  return world.session(async (session) => {
    const verdicts: BatchVerdict[] = [];
    for (let number = 1; number <= plan.batches; number += 1) {
      const [batch] = await session.rows<LedgerBatch>(claimBatch(plan.backfillId, number, 1_000));
      if (batch === undefined) throw new Error(`batch ${number} is not in the ledger`);
      verdicts.push(await reconcileBatch(session, plan, batch, 1_000));
    }
    const rows = await session.rows<{ checks: readonly Check[] }>({
      text: 'SELECT checks FROM governance.backfill_batches',
      values: [],
    });
    const { checks, sums } = await judgeRun(session, plan);
    const atOnce = [await columnsCheck(session, plan), ...(await boundaryChecks(session, plan))];
    const figures = [sums.figures, ...verdicts.map((one) => one.figures)];
    return {
      batches: [...new Set(rows.flatMap((one) => failing(one.checks)))].sort(),
      run: failing([...checks, ...atOnce])
        .filter((name) => name !== 'batches_passed')
        .sort(),
      leftOver: figures
        .flatMap(({ attribution }) => Object.values(attribution))
        .map(rest)
        .filter((left) => left !== 0)
        .map(String),
    };
  });
}

/** In cents, so that nothing is rounded. */
function rest({ total = '0', ...pieces }: Readonly<Record<string, string>>): number {
  const cents = (text: string): number => Math.round(Number(text) * 100);
  return cents(total) - Object.values(pieces).reduce((sum, piece) => sum + cents(piece), 0);
}

const S = 'finance.sales_by_day_v2';
const COLUMNS = 'day, merchant, gross, net, tax, note, updated_at, recalculated_at, backfill_id';
const KEY = `DROP INDEX ${'finance.'}sales_by_day_v2_day_merchant_idx`;

/** What is done to the shadow, and a check that must find it where. */
const MUTATIONS: readonly (readonly [kind: string, damage: string, batch: string | null, run: string | null])[] = [
  ['a row is gone', `DELETE FROM ${S} WHERE day = '2025-03-12' AND merchant = 2`, 'row_count', 'row_count'],
  [
    'a row stands twice',
    `${KEY}; INSERT INTO ${S} SELECT * FROM ${S} WHERE day = '2025-03-12' AND merchant = 2`,
    'unique_key',
    'unique_key',
  ],
  [
    'a cent too much',
    `UPDATE ${S} SET net = net + 0.01 WHERE day = '2025-03-12' AND merchant = 2`,
    'unexplained',
    'unexplained_delta:net',
  ],
  [
    'a cent too little',
    `UPDATE ${S} SET gross = gross - 0.01 WHERE day = '2025-03-12' AND merchant = 2`,
    'source_total:gross',
    'source_total:gross',
  ],
  [
    'two values changed places',
    `UPDATE ${S} a SET net = b.net FROM ${S} b WHERE a.day = '2025-03-12' AND b.day = a.day AND (a.merchant, b.merchant) IN ((2, 4), (4, 2))`,
    'unexplained',
    'unexplained',
  ],
  [
    'an empty text became null',
    `UPDATE ${S} SET note = NULL WHERE day = '2025-03-12' AND merchant = 2`,
    'unexplained',
    'unexplained',
  ],
  [
    'turned signs that add up to nothing',
    `UPDATE ${S} SET net = net + CASE merchant WHEN 2 THEN 14 ELSE -14 END WHERE day = '2025-03-12' AND merchant IN (2, 4)`,
    'unexplained_delta:net',
    'unexplained_delta:net',
  ],
  [
    "an hour's sales on the next day",
    `UPDATE ${S} SET gross = gross + CASE day WHEN '2025-03-12' THEN -20 ELSE 20 END, net = net + CASE day WHEN '2025-03-12' THEN -20 ELSE 20 END WHERE merchant = 2 AND day IN ('2025-03-12', '2025-03-13')`,
    'source_total:gross',
    'unexplained',
  ],
  ['a whole day is missing', `DELETE FROM ${S} WHERE day = '2025-03-12'`, 'rows_outside', 'partition_delta:net'],
  [
    "another era's logic",
    `UPDATE ${S} SET net = net + tax / 2 WHERE merchant % 2 = 1 AND day >= '2025-03-01'`,
    'unexplained',
    'unexplained',
  ],
  [
    'a gap at the end of a month',
    `UPDATE ${S} SET net = net / 2, gross = gross / 2 WHERE day = '2025-03-31'`,
    'partition_delta:net',
    'boundary:net',
  ],
  [
    'right in total, wrong by merchant',
    `UPDATE ${S} a SET net = a.net + CASE a.merchant WHEN 2 THEN 1 ELSE -1 END * o.gross * 0.2 FROM ${S} o WHERE o.day = a.day AND o.merchant = 2 AND a.merchant IN (2, 4)`,
    'delta_by:net/merchant',
    'delta_by:net/merchant',
  ],
  [
    'a measure that is no number',
    `UPDATE ${S} SET net = 'NaN' WHERE day = '2025-03-12' AND merchant = 2`,
    'delta:net',
    'delta:net',
  ],
  ['a column of another type', `ALTER TABLE ${S} ALTER COLUMN net TYPE numeric(20, 4)`, null, 'columns'],
];

async function damaged(damage: string): Promise<Detected> {
  await world.query(`DROP TABLE IF EXISTS whole; CREATE TABLE whole AS SELECT * FROM ${S}`);
  await world.query(damage);
  try {
    return await look();
  } finally {
    await world.query(`DELETE FROM ${S}; ALTER TABLE ${S} ALTER COLUMN net TYPE numeric(14, 2); INSERT INTO ${S} (${COLUMNS}) SELECT ${COLUMNS} FROM whole;
      CREATE UNIQUE INDEX IF NOT EXISTS sales_by_day_v2_day_merchant_idx ON ${S} (day, merchant)`);
  }
}

describe('a corrupted shadow', () => {
  const table: string[] = [];
  afterAll(() => {
    process.stdout.write(`\nFound by, in batches | in the run\n${table.join('\n')}\n`);
  });

  it('is told from a sound one, in which nothing is found', async () => {
    expect(await look()).toEqual({ batches: [], run: [], leftOver: [] });
  });

  it.each(MUTATIONS)('is found: %s', async (kind, damage, batch, run) => {
    const found = await damaged(damage);
    table.push(`${kind.padEnd(36)} ${found.batches.join(', ') || '–'} | ${found.run.join(', ') || '–'}`);
    if (batch !== null) expect(found.batches).toContain(batch);
    if (run !== null) expect(found.run).toContain(run);
    if (!damage.includes('NaN')) expect(found.leftOver).toEqual([]);
  });

  it('leaves nothing behind when it is whole again', async () => {
    expect(await look()).toEqual({ batches: [], run: [], leftOver: [] });
  });
});
