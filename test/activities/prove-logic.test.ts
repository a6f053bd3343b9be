import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONTRACT, CORRECTED, SALES } from '../support/sales-scenario.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

let world: SmallDataset;
beforeEach(async () => {
  world = await createDataset({
    contract: CONTRACT.replace(
      'sql: corrected.sql }',
      'sql: corrected.sql }\n  trusted:\n    - { from: 2024-01-01, sql: trusted.sql }',
    ),
    files: {
      ...SALES.files,
      'trusted.sql': CORRECTED.replace('s.gross - case when s.merchant % 2 = 1 then s.tax else 0 end', 's.gross'),
    },
  });
  await world.plan();
});
afterEach(() => world.end());

const prove = async () => (await world.activities.proveLogic({ backfillId: 'fix-tax' })).checks;
const evidence = () =>
  world.query(
    `SELECT body ->> 'proof' AS proof, body #>> '{checks,0,verdict}' AS verdict FROM governance.backfill_evidence WHERE kind = 'proof' ORDER BY evidence_id`,
  );

describe('the proofs of the right logic', () => {
  it('hold for the partitions that the plan sampled, are evidence, and leave no table', async () => {
    expect((await prove()).map(({ name, level, verdict }) => `${level} ${name}: ${verdict}`)).toEqual([
      'proof seam: pass',
      'proof reproduction: pass',
      'proof input_effect:net: info',
      'proof logic_effect:net: info',
      'proof input_effect:gross: info',
      'proof logic_effect:gross: info',
    ]);
    expect(await evidence()).toEqual([
      { proof: 'seam', verdict: 'pass' },
      { proof: 'reproduction', verdict: 'pass' },
    ]);
    expect(
      await world.query(`SELECT relname FROM pg_class WHERE relnamespace::regnamespace::text LIKE 'pg_temp%'`),
    ).toEqual([]);
  });

  it('see what the live pipeline wrote otherwise since the plan', async () => {
    await world.as('revenue_pipeline', `UPDATE finance.sales_by_day SET tax = tax + 1 WHERE day = '2025-01-15'`);
    expect((await prove())[0]).toMatchObject({
      name: 'seam',
      verdict: 'fail',
      figure: '5 rows differ in partition 2025-01-15, which holds 5 (tax in 5)',
    });
    expect(await evidence()).toEqual([
      { proof: 'seam', verdict: 'fail' },
      { proof: 'reproduction', verdict: 'pass' },
    ]);
  });

  it('see inputs that drifted since the plan', async () => {
    await world.query(`DELETE FROM staging.sales WHERE day = '2025-01-07' AND merchant = 4`);
    expect((await prove())[1]).toMatchObject({
      name: 'reproduction',
      verdict: 'fail',
      figure: '1 of 5 rows of partition 2025-01-07 drifted (keys in 1)',
    });
  });

  it('compare source and table as of one instant, while a pipeline writes both without a pause', async () => {
    await world.query(
      'GRANT USAGE ON SCHEMA staging TO revenue_pipeline; GRANT USAGE ON ALL SEQUENCES IN SCHEMA staging TO revenue_pipeline',
    );
    const [before] = await world.query<{ net: number }>(NET);
    // Thousands of commits a second: between the two reads of any proof lie several.
    const writing = world.as(
      'revenue_pipeline',
      `DO $do$ BEGIN WHILE to_regclass('staging.stop') IS NULL LOOP
         WITH late AS (INSERT INTO staging.sales (day, merchant, gross, tax) VALUES ('2025-01-16', 1, 0.03, 0.01) RETURNING *)
         UPDATE finance.sales_by_day b SET gross = b.gross + late.gross, net = b.net + late.gross - late.tax, tax = b.tax + late.tax
           FROM late WHERE (b.day, b.merchant) = (late.day, late.merchant);
         COMMIT;
       END LOOP; END $do$`,
    );
    try {
      const seen = new Set<string>();
      for (let round = 0; round < 5; round += 1) for (const { verdict } of await prove()) seen.add(verdict);
      expect([...seen].sort()).toEqual(['info', 'pass']);
    } finally {
      await world.query('CREATE TABLE staging.stop ()');
      await writing;
    }
    const [after] = await world.query<{ net: number }>(NET);
    expect(after?.net).toBeGreaterThan((before?.net ?? 0) + 1);
  });
});

const NET = `SELECT sum(net)::float8 AS net FROM finance.sales_by_day WHERE day = '2025-01-16'`;
