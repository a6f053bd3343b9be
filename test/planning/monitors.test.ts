import { describe, expect, it } from 'vitest';
import { datasetWith, draftOf } from '../support/drafts.ts';
import { SPEC } from '../support/sales-scenario.ts';
import { watchedSales } from '../support/watched-sales.ts';

const COUNTER = 'CREATE SEQUENCE finance.counter; GRANT ALL ON SEQUENCE finance.counter TO backfill_worker';

/** What a plan with these consumers is refused for; nothing where it stands. */
async function reasons(
  consumers: string,
  files: Readonly<Record<string, string>> = {},
  spec = SPEC,
): Promise<readonly string[]> {
  const draft = await draftOf({ ...watchedSales(consumers, files), spec }, COUNTER);
  return draft.kind === 'refused' ? draft.reasons : [];
}

describe('the monitors of a contract', () => {
  it('are measured once while planning, and frozen with their SQL', async () => {
    const world = await datasetWith(
      watchedSales(
        '  export: { owner: data, monitor: export.sql, expect: equals_published, on_breach: hold }\n  nobody: { owner: ops }\n  mart: { owner: bi, monitor: mart.sql, measure: gross, expect: within 0.1%, after: 8d }\n',
      ),
    );
    const draft = await world.draft();
    if (draft.kind === 'refused') throw new Error(draft.reasons.join('\n'));
    expect(draft.plan.monitors).toMatchObject([
      { name: 'export', source: { kind: 'sql', file: 'export.sql' }, measure: 'net', failures: 2, onBreach: 'hold' },
      { name: 'mart', measure: 'gross', afterMs: 8 * 86_400_000 },
    ]);
    expect(draft.plan.additiveMeasures).toEqual(['net', 'gross']);
    expect(draft.plan.warnings).toContain('consumers without a monitor: nobody; ask them before signing off');
    expect(draft.plan.warnings).toContain(
      'the rollback window ends before mart had a refresh: it stays open until each was measured',
    );
  });

  it('yield what is compared, and can be measured now', async () => {
    const one = (name: string, expectation: string): string =>
      `  ${name}: { owner: data, monitor: ${name}.sql, expect: ${expectation} }\n`;
    const found = await reasons(
      [
        one('named', 'equals_published'),
        one('typed', 'within 5%'),
        one('buckets', 'psi < 0.2'),
        one('mistyped', 'equals_published'),
        one('divided', 'within 5% of baseline'),
        one('empty', 'equals_published'),
        one('shares', 'psi < 0.2'),
        one('writes', 'within 5% of baseline'),
      ].join(''),
      {
        'named.sql': 'select sum(net) as total from finance.sales_current',
        'typed.sql': `select 'x' as value`,
        'buckets.sql': 'select 1 as bucket, 2 as share, 3 as more',
        'mistyped.sql': 'select sum(nett) as value from finance.sales_current',
        'divided.sql': 'select 1 / 0 as value',
        'empty.sql': 'select sum(net) as value from finance.sales_current where false',
        'shares.sql': 'select merchant as bucket, 0.5 as share from finance.sales_current where day = :range_start',
        'writes.sql': `select setval('finance.counter', 1) as value`,
      },
    );
    expect(found).toEqual([
      'the monitor of consumer named (named.sql): it must yield value, a number, and measured_at, an instant, or value alone; it yields total numeric',
      expect.stringContaining('it yields value text'),
      expect.stringContaining('bucket and share, a number; it yields'),
      'the monitor of consumer mistyped (mistyped.sql): the server refuses it: column "nett" does not exist',
      'the monitor of consumer divided (divided.sql) cannot be measured: division by zero',
      'the monitor of consumer empty (empty.sql) cannot be measured: no data: its value is NULL',
      'the monitor of consumer shares (shares.sql) cannot be measured: its shares add up to 2.5000 instead of 1',
      'the monitor of consumer writes (writes.sql) cannot be measured: cannot execute setval() in a read-only transaction',
    ]);
  });

  it('read what the worker may read, and become whom it may become', async () => {
    const draft = await reasons(
      '  secret: { owner: data, monitor: secret.sql, expect: within 5% of baseline }\n  portal: { owner: web, canary: { sql: canary.sql, role: finance_export }, expect: "errors = 0" }\n  ghost: { owner: web, canary: { sql: canary.sql, role: ghost }, expect: "errors = 0" }\n',
      { 'secret.sql': 'select count(*) as value from staging.pays' },
    );
    expect(draft).toEqual([
      'the monitor of consumer secret (secret.sql): the server refuses it: relation "staging.pays" does not exist',
      expect.stringMatching(
        /^the canary of consumer portal \(canary\.sql\): backfill_worker may not become finance_export, as which it runs: GRANT "finance_export" TO "backfill_worker"( WITH INHERIT FALSE, SET TRUE)?$/,
      ),
      'the canary of consumer ghost (canary.sql): role ghost, as which it runs, does not exist',
    ]);
  });

  it('name the privilege that is missing', async () => {
    const world = await datasetWith(watchedSales('  mart: { owner: bi, monitor: mart.sql, expect: within 5% }\n'));
    await world.query('REVOKE SELECT ON finance.mart FROM backfill_worker');
    const draft = await world.draft();
    expect(draft).toMatchObject({
      kind: 'refused',
      reasons: [
        'the monitor of consumer mart (mart.sql): backfill_worker may not read "finance"."mart": GRANT SELECT ON "finance"."mart" TO "backfill_worker"',
      ],
    });
  });

  it('do not count days between the ranges of an interval with gaps', async () => {
    const gap = SPEC.replace('end: 2025-01-14 }', 'end: 2025-01-14, exclude: [2025-01-05] }');
    const hull = {
      'hull.sql': 'select sum(net) as value from finance.sales_current where day >= :range_start and day < :range_end',
    };
    const consumers = '  hull: { owner: data, monitor: hull.sql, expect: equals_published }\n';
    expect(await reasons(consumers, hull, gap)).toEqual([
      expect.stringContaining('add to its WHERE: the partition key <@ :interval'),
    ]);
    const exact = { 'hull.sql': `${hull['hull.sql']} and day <@ :interval` };
    expect(await reasons(consumers, exact, gap)).toEqual([]);
  });

  it('are left out where the spec says so, which the plan says', async () => {
    const world = await datasetWith({
      ...watchedSales('  export: { owner: data, monitor: export.sql, expect: equals_published }\n'),
      spec: SPEC.replace('snapshot: finance.sales_before }', 'snapshot: finance.sales_before, monitors: false }'),
    });
    const draft = await world.draft();
    if (draft.kind === 'refused') throw new Error(draft.reasons.join('\n'));
    expect(draft.plan.monitors).toEqual([]);
    expect(draft.plan.warnings).toContain(
      'rollback.monitors is false: 1 monitors of the contract do not watch the release',
    );
  });
});
