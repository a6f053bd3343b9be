import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SALES } from '../support/sales-scenario.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

const RUN = { backfillId: 'fix-tax' };
const LIMITS = { maxConcurrency: 2, dailyBytesBudget: null };

const CLOSED = SALES.contract.replace(
  'approvers: [controller, director]\n',
  `approvers: [controller, director]
closed_periods:
  - { name: FY2024, start: 2024-01-01, end: 2024-12-31, approver: auditor }
  - { name: 2025-W01, start: 2024-12-30, end: 2025-01-05, approver: auditor }
  - { name: 2025-W02, start: 2025-01-06, end: 2025-01-12, approver: director }
`,
);

describe('a run that changes closed periods', () => {
  let world: SmallDataset;
  beforeEach(async () => {
    world = await createDataset({ contract: CLOSED });
    await world.plan();
    await world.preserve();
    await world.build();
    await world.conclude();
  });
  afterEach(() => world.end());

  const publish = () => world.activities.publishRelease({ ...RUN, windowMs: 60_000, limits: LIMITS });

  it('says which, with the amounts that it restates, and leaves out what it does not touch', async () => {
    const [evidence] = await world.query<{ periods: unknown }>(
      `SELECT body -> 'closedPeriods' AS periods FROM governance.backfill_evidence WHERE kind = 'run'`,
    );
    const truth = await world.query<{ week: string; old: string; new: string }>(
      `SELECT w.name AS week, (SELECT sum(net) FROM finance.sales_before WHERE day >= w.lo AND day < w.hi)::text AS old,
              (SELECT sum(net) FROM finance.sales_by_day_v2 WHERE day >= w.lo AND day < w.hi)::text AS new
         FROM (VALUES ('2025-W01', date '2025-01-01', date '2025-01-06'), ('2025-W02', date '2025-01-06', date '2025-01-13')) w(name, lo, hi)`,
    );
    expect(evidence?.periods).toMatchObject(
      truth.map(({ week, old, new: now }) => ({
        name: week,
        measures: { net: { old, new: now, difference: (Number(now) - Number(old)).toFixed(2) } },
      })),
    );
    expect(truth.every(({ old, new: now }) => old !== now)).toBe(true);
  });

  it('is published when everybody approved who has to, and not before', async () => {
    const missing = async () => {
      const outcome = await publish();
      return outcome.kind === 'approvalVoid' ? outcome.reason : outcome.kind;
    };
    await world.approve('controller');
    expect(await missing()).toMatch(/changes closed periods and is not approved by auditor, director/);
    await world.conclude();
    await world.approve('auditor');
    await world.approve('director');
    // A director who approves for a week is nobody's second pair of eyes.
    expect(await missing()).toMatch(/no approval covers the newest evidence/);
    await world.conclude();
    for (const by of ['director', 'auditor', 'controller']) await world.approve(by);
    expect(await publish()).toMatchObject({ kind: 'published' });
    expect(await world.query('SELECT approved_by FROM governance.data_releases')).toEqual([
      { approved_by: 'controller' },
    ]);
  });

  it('is not started by somebody whose approval it needs', async () => {
    const other = await createDataset({ contract: CLOSED, spec: SALES.spec.replace('fix-tax', 'fix-tax-again') });
    try {
      const launch = { spec: other.scenario.spec, requestedBy: 'Auditor' };
      expect(await other.activities.planBackfill({ launch, workflowId: 'backfill-fix-tax-again' })).toEqual({
        kind: 'refused',
        reasons: [
          'Auditor requests this backfill and has to approve, because it reopens 2025-W01: somebody else has to start it',
        ],
      });
    } finally {
      await other.end();
    }
  });
});
