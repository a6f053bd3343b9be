import { describe, expect, it } from 'vitest';
import type { FoundSchema, PlannedSchema } from '../../src/domain/schema-drift.ts';
import { describeDrift, schemaDrift } from '../../src/domain/schema-drift.ts';
import type { RowPolicy, RowSecurity } from '../../src/domain/row-security.ts';
import { NO_ROW_SECURITY } from '../../src/domain/row-security.ts';
import type { ColumnShape } from '../../src/domain/table-shape.ts';

const column = (name: string, number: number, different: Partial<ColumnShape> = {}): ColumnShape => ({
  name,
  number,
  type: 'numeric(14,2)',
  notNull: true,
  hasDefault: false,
  generated: false,
  identity: false,
  ...different,
});
const DAY = column('day', 1, { type: 'date' });
const NET = column('net', 3);
const CURRENCY = column('currency', 4, { type: 'text', notNull: false });
const PLANNED: PlannedSchema = {
  table: 'finance.sales',
  view: 'finance.sales_current',
  columns: [DAY, NET],
  viewColumns: ['day', 'net'],
  addedColumns: [],
  rowSecurity: NO_ROW_SECURITY,
  securityInvoker: false,
};
const FOUND: FoundSchema = {
  table: 'planned',
  view: 'planned',
  columns: [DAY, NET],
  viewColumns: ['day', 'net'],
  viewIsKnown: true,
  viewOptions: ['security_barrier=true'],
  rowSecurity: NO_ROW_SECURITY,
};
const POLICY: RowPolicy = {
  name: 'own_region',
  restrictive: false,
  roles: ['desks'],
  using: '(region = CURRENT_USER)',
};
const GUARDED: RowSecurity = { enabled: true, forced: false, policies: [POLICY] };
const found = (different: Partial<FoundSchema>) => schemaDrift(PLANNED, { ...FOUND, ...different });

describe('base and view as the plan has them', () => {
  it('are no drift', () => expect(found({})).toBeNull());

  it.each<[string, Partial<FoundSchema>, string]>([
    ['a dropped column', { columns: [DAY] }, 'column net of finance.sales was dropped'],
    [
      'a renamed column, whatever that does to the text of the view',
      { columns: [DAY, column('netto', 3)], viewIsKnown: false },
      'column net of finance.sales is called netto by now',
    ],
    [
      'a column that was dropped and made again under its name',
      { columns: [DAY, column('net', 4)] },
      'column net of finance.sales was dropped and added anew, so its rows no longer hold what was planned with',
    ],
    [
      'another type',
      { columns: [DAY, column('net', 3, { type: 'numeric(14,4)' })] },
      'column net of finance.sales is numeric(14,4) by now and was planned as numeric(14,2)',
    ],
    [
      'another nullability',
      { columns: [DAY, column('net', 3, { notNull: false })] },
      'column net of finance.sales may be null by now',
    ],
    [
      'a column that the server computes by now',
      { columns: [DAY, column('net', 3, { generated: true })] },
      'column net of finance.sales is computed by the server by now',
    ],
    ['a table that is gone', { table: 'gone', columns: [] }, 'table finance.sales was dropped or renamed'],
    [
      'another table of the name',
      { table: 'another', columns: [CURRENCY] },
      'another table than the planned one is called finance.sales by now',
    ],
    [
      'another view of the name',
      { view: 'another' },
      'another view than the planned one is called finance.sales_current by now',
    ],
    [
      'a view that somebody redefined',
      { viewIsKnown: false },
      'somebody changed the definition of finance.sales_current: it is none that this run gives it',
    ],
    [
      'an option that branches could not live with',
      { viewOptions: ['check_option=local'] },
      'view finance.sales_current was given check_option=local, which a published view cannot have',
    ],
    [
      'a view that asks for the rights of its readers',
      { viewOptions: ['security_barrier=true', 'security_invoker=On'] },
      'view finance.sales_current reads with the rights of its readers (security_invoker) by now, and was planned with the rights of its owner',
    ],
    [
      'row security that nobody reviewed',
      { rowSecurity: { ...GUARDED, policies: [] } },
      'row security of finance.sales was enabled',
    ],
    [
      'a column in the view that the base had all along',
      { viewColumns: ['day', 'net', 'note'] },
      'view finance.sales_current shows more than planned: note',
    ],
  ])('are not with %s', (_, different, change) => {
    expect(found(different)).toEqual({ added: [], changes: [change] });
  });

  it.each<[string, Partial<RowSecurity>, string[]]>([
    ['without it', NO_ROW_SECURITY, ['row security of finance.sales was disabled']],
    ['forced', { forced: true }, ['row security of finance.sales is forced on its owner by now']],
    ['without the policy', { policies: [] }, ['policy own_region of finance.sales was dropped']],
    [
      'with one more',
      { policies: [POLICY, { ...POLICY, name: 'all_of_it' }] },
      ['policy all_of_it was added to finance.sales'],
    ],
    ...[{ using: 'true' }, { restrictive: true }, { roles: ['desks', 'public'] }, { roles: ['others'] }].map(
      (different): [string, Partial<RowSecurity>, string[]] => [
        `with ${JSON.stringify(different)}`,
        { policies: [{ ...POLICY, ...different }] },
        ['policy own_region of finance.sales was changed'],
      ],
    ),
  ])('are not %s, where a policy was planned', (_, different, changes) => {
    const planned = { ...PLANNED, rowSecurity: GUARDED };
    expect(schemaDrift(planned, { ...FOUND, rowSecurity: GUARDED })).toBeNull();
    expect(schemaDrift(planned, { ...FOUND, rowSecurity: { ...GUARDED, ...different } })).toEqual({
      added: [],
      changes,
    });
  });

  it('are not with an owner’s view, where one of its readers was planned', () => {
    expect(schemaDrift({ ...PLANNED, securityInvoker: true }, FOUND)?.changes).toEqual([
      'view finance.sales_current reads with the rights of its owner by now, and was planned with the rights of its readers (security_invoker)',
    ]);
  });

  it('may have a column more, in the view as well: that can be carried', () => {
    expect(found({ columns: [DAY, NET, CURRENCY] })).toEqual({ added: [CURRENCY], changes: [] });
    expect(found({ columns: [DAY, NET, CURRENCY], viewColumns: ['day', 'net', 'currency'] })).toEqual({
      added: [CURRENCY],
      changes: [],
    });
  });

  it('may lack in the view what a replan added, and nothing else', () => {
    const planned = {
      ...PLANNED,
      columns: [DAY, NET, CURRENCY],
      viewColumns: ['day', 'net', 'currency'],
      addedColumns: [{ name: 'currency' }],
    };
    const now = { ...FOUND, columns: planned.columns };
    expect(schemaDrift(planned, now)).toBeNull();
    expect(schemaDrift({ ...planned, addedColumns: [] }, now)?.changes).toHaveLength(1);
  });
});

describe('what people are told', () => {
  const about = { backfillId: 'fix', table: 'finance.sales', isPublished: false };
  const added = { added: [CURRENCY, column('rate', 5, { hasDefault: true })], changes: [] };

  it('names each column and the way to carry, undo or give up', () => {
    expect(describeDrift(added, about)).toMatchInlineSnapshot(
      `"column currency (text, may be null, no default) was added to finance.sales; column rate (numeric(14,2), never null, with a default) was added to finance.sales. Review what carries them into shadow and view: backfill replan fix --plan; or drop them again, then: backfill retry fix; or give up: backfill abort fix --reason "<why>""`,
    );
    expect(describeDrift({ added: [CURRENCY], changes: [] }, { ...about, isPublished: true })).toMatchInlineSnapshot(
      `"column currency (text, may be null, no default) was added to finance.sales. Review what carries it into shadow and view: backfill replan fix --plan; or leave it: the base has it, and the view may get it when the corrected rows are in the base"`,
    );
  });

  it('never offers to carry what a plan cannot follow', () => {
    const drift = { added: [CURRENCY], changes: ['column net of finance.sales was dropped'] };
    expect(describeDrift(drift, about)).toMatchInlineSnapshot(
      `"column net of finance.sales was dropped; column currency (text, may be null, no default) was added to finance.sales. Undo that, then: backfill retry fix; or give up: backfill abort fix --reason "<why>""`,
    );
    expect(describeDrift(drift, { ...about, isPublished: true })).toContain('backfill rollback fix');
  });
});
