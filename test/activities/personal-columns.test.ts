import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../src/report/report.ts';
import { NAMED_MERCHANTS, RAW_NAME } from '../support/named-merchants.ts';
import { CONTRACT, SPEC } from '../support/sales-scenario.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

let world: SmallDataset;
beforeAll(async () => {
  world = await createDataset(NAMED_MERCHANTS);
});
afterAll(() => world.end());

const TABLES = `SELECT relname::text AS name FROM pg_class WHERE relnamespace = 'governance'::regnamespace AND relkind = 'r'`;

/** Tables of the ledger in which a merchant's name stands in any column of any row. */
async function tablesWithNames(): Promise<string[]> {
  const found: string[] = [];
  for (const { name } of await world.query<{ name: string }>(TABLES)) {
    const [row] = await world.query<{ is: boolean }>(
      `SELECT EXISTS (SELECT FROM governance.${name} t WHERE t::text LIKE '%' || $1 || '%') AS is`,
      [RAW_NAME],
    );
    if (row?.is === true) found.push(name);
  }
  return found;
}

describe('a column that the contract calls personal', () => {
  it('is shown nowhere: not in evidence, report, announcements, notes of live rows, nor in what a refusal says', async () => {
    const refused = await createDataset({
      ...NAMED_MERCHANTS,
      spec: SPEC.replace('"-8% to -1%"', '{ run: "-8% to -1%", by: { merchant: "-1% to 0%" } }'),
    });
    try {
      const draft = await refused.draft();
      const reasons = draft.kind === 'refused' ? draft.reasons.join('\n') : '';
      expect(reasons).toMatch(/masked:[0-9a-f]{8}/);
      expect(reasons).not.toContain(RAW_NAME);
    } finally {
      await refused.end();
    }
    const another = await createDataset({
      ...NAMED_MERCHANTS,
      files: {
        ...NAMED_MERCHANTS.files,
        'corrected.sql': (NAMED_MERCHANTS.files?.['corrected.sql'] ?? '').replace(
          'm.name as merchant',
          "m.name || '?' as merchant",
        ),
      },
      spec: SPEC.replace('"-8% to -1%"', '"-100% to 100%"'),
    });
    try {
      const draft = await another.draft();
      expect(JSON.stringify(draft)).toMatch(/"missing":"(published|corrected)"/);
      expect(JSON.stringify(draft)).not.toContain(RAW_NAME);
    } finally {
      await another.end();
    }
    await world.plan();
    await world.preserve();
    await world.build();
    const { evidence } = await world.conclude();
    const page = await readFile(evidence.reportPath ?? '', 'utf8');
    const json = await readFile((evidence.reportPath ?? '').replace(/html$/, 'json'), 'utf8');
    expect(await tablesWithNames()).toEqual([]);
    expect(page + json).not.toContain(RAW_NAME);
    expect(page).toContain('masked:');
    const { changedRows } = JSON.parse(json) as Report;
    const names = changedRows.rows.map(({ key }) => key['merchant']);
    // Three merchants change on fourteen days: each is recognised from day to day.
    expect(names).toHaveLength(42);
    expect(new Set(names).size).toBe(3);
    expect(names.every((name) => /^masked:[0-9a-f]{8}$/.test(String(name)))).toBe(true);
  });

  it('does not come up in consolidation, where rows that the pipeline wrote are noted by their keys', async () => {
    await world.approve();
    await world.publish();
    await world.signOff();
    await world.as(
      'revenue_pipeline',
      `UPDATE finance.sales_by_day SET net = gross - tax WHERE day = '2025-01-03' AND merchant LIKE '%1'`,
    );
    const step = () =>
      world.activities.consolidateClaim({
        backfillId: 'fix-tax',
        limits: { maxConcurrency: 1, dailyBytesBudget: null },
      });
    expect(await step()).toMatchObject({ stopped: null });
    expect(await world.query('SELECT FROM governance.live_rows')).not.toEqual([]);
    expect(await tablesWithNames()).toEqual([]);
  });

  it('is not quoted by an error that the warehouse answers', async () => {
    const broken = await createDataset({
      ...NAMED_MERCHANTS,
      tables: (NAMED_MERCHANTS.tables ?? '').replace('net numeric(14, 2),', 'net numeric(14, 2) check (net < 10000),'),
    });
    try {
      await broken.plan();
      await broken.preserve();
      await broken.query(`ALTER TABLE finance.sales_by_day_v2 ADD CHECK (merchant NOT LIKE '%3')`);
      const failed = await broken.build().then(
        () => null,
        (error: unknown) => error as Error,
      );
      expect(failed?.message).toContain('violates check constraint');
      expect(`${failed?.message} ${failed?.stack} ${JSON.stringify(failed)} ${String(failed?.cause)}`).not.toContain(
        RAW_NAME,
      );
    } finally {
      await broken.end();
    }
  });

  it('has to be one of the table', async () => {
    const other = await createDataset({
      contract: CONTRACT.replace('required: [net]', 'required: [net]\npersonal: [name]'),
    });
    try {
      const draft = await other.draft();
      expect(draft.kind === 'refused' ? draft.reasons : []).toContain(
        'column name (personal of the contract) does not exist in finance.sales_by_day',
      );
    } finally {
      await other.end();
    }
  });
});
