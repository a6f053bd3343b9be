import { afterEach, describe, expect, it } from 'vitest';
import { startPooler } from '../support/pooler.ts';
import { CONTRACT } from '../support/sales-scenario.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

let world: SmallDataset;
afterEach(() => world.end());

describe('what hangs on the base table', () => {
  it.each([
    {
      what: 'another table inherits from the table',
      change: 'CREATE TABLE finance.sales_archive () INHERITS (finance.sales_by_day)',
      reason: /^finance\.sales_archive inherits from finance\.sales_by_day: .* leaves no mark/,
    },
    ...['CASCADE', 'SET NULL', 'SET DEFAULT'].map((action) => ({
      what: `deleting a row would change another table (ON DELETE ${action})`,
      change: `CREATE TABLE finance.notes (day date, merchant bigint, CONSTRAINT about FOREIGN KEY (day, merchant) REFERENCES finance.sales_by_day ON DELETE ${action})`,
      reason: `finance.notes refers to the base table with ON DELETE ${action} (about): consolidation deletes rows that the corrected logic does not yield, and would change finance.notes; make the constraint ON DELETE NO ACTION`,
    })),
  ])('refuses the plan when $what', async ({ change, reason }) => {
    world = await createDataset();
    await world.query(change);
    const draft = await world.draft();
    expect(draft.kind === 'refused' ? draft.reasons : []).toContainEqual(
      typeof reason === 'string' ? reason : (expect.stringMatching(reason) as string),
    );
  });
});

describe('what the plan warns of', () => {
  it('are tables that refer to the base, publications that carry it, and sources that nothing watches', async () => {
    world = await createDataset({ contract: CONTRACT.replace(/source_totals:\n.*\n/, '') });
    await world.query(
      `CREATE TABLE finance.notes (day date, merchant bigint, CONSTRAINT about FOREIGN KEY (day, merchant) REFERENCES finance.sales_by_day); CREATE PUBLICATION outwards FOR TABLE finance.sales_by_day`,
    );
    const draft = await world.draft();
    expect(draft).toMatchObject({ kind: 'plan' });
    expect(draft.kind === 'plan' ? draft.plan.warnings : []).toEqual(
      expect.arrayContaining([
        'finance.notes refers to finance.sales_by_day (about): a row that the corrected logic no longer yields, and that finance.notes refers to, keeps consolidation from going on',
        'finance.sales_by_day is in publication outwards: its subscribers do not learn of the correction when readers are switched nor of a rollback; they get the changed rows at consolidation',
        'the contract has no source_totals: where sources change after their partition was built and the live pipeline does not write the table, nothing notices it',
      ]),
    );
  });
});

describe('a connection pooler between worker and server', () => {
  it('is told by the process id that it makes up, and refused', async () => {
    world = await createDataset();
    const pooler = await startPooler(world.urls.backfill_worker);
    try {
      const draft = await world.draftAs(pooler.url);
      expect(draft.kind === 'refused' ? draft.reasons : []).toContainEqual(
        expect.stringMatching(/^the warehouse is reached through a connection pooler/) as string,
      );
    } finally {
      await pooler.stop();
    }
  });
});
