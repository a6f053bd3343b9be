import { describe, expect, it } from 'vitest';
import type { Seen } from '../../src/cli/findings.ts';
import { findings } from '../../src/cli/findings.ts';
import type { DescribedBackfill } from '../../src/client/describe-backfill.ts';
import type { InstalledDataset } from '../../src/ledger/left-behind.ts';

const workflow: DescribedBackfill = {
  workflowId: 'backfill-tax-fix',
  runId: 'r',
  isRunning: true,
  workflowStatus: 'RUNNING',
  historyLength: 1,
  startedAt: '2026-06-15T09:00:00.000Z',
  memo: {},
  retry: null,
};
const terminated = { ...workflow, isRunning: false, workflowStatus: 'TERMINATED' };
const run = { backfillId: 'tax-fix', dataset: 'finance.daily_revenue', status: 'building' };
const dataset: InstalledDataset = {
  dataset: 'finance.daily_revenue',
  view: 'finance.daily_revenue_current',
  isOverlaid: false,
  activeBackfill: null,
  activeRelease: null,
};
const healthy: Seen = {
  openRuns: [run],
  artifacts: [
    { backfillId: 'tax-fix', dataset: dataset.dataset, kind: 'shadow', name: 's', status: 'building', ended: false },
  ],
  datasets: [{ ...dataset, isOverlaid: true }],
  uncaptured: [],
  missingMigrations: [],
  missingGrants: [],
  workflows: { 'tax-fix': workflow },
};

function lines(seen: Partial<Seen>): string {
  const found = findings({ ...healthy, ...seen });
  return found.map(({ kind, about, problem, remedy }) => `${kind} ${about}: ${problem}\n  -> ${remedy}`).join('\n');
}

describe('doctor', () => {
  it('finds nothing wrong with a run at work over an armed view', () => expect(lines({})).toBe(''));

  it('finds a run whose workflow is gone', () => {
    expect(lines({ workflows: { 'tax-fix': terminated } })).toMatchInlineSnapshot(`
      "orphan tax-fix: it is building in the ledger, but its workflow has ended (terminated)
        -> backfill start <the spec it was started with>, which goes on where it stopped; or backfill doctor --remove tax-fix"
    `);
    expect(lines({ workflows: { 'tax-fix': null } })).toContain('its workflow is not known to the server');
  });

  it('finds capture that is off, and what it means before and after publication', () => {
    const off = { backfillId: 'tax-fix', dataset: dataset.dataset };
    expect(
      lines({
        uncaptured: [
          { ...off, isPublished: false },
          { ...off, isPublished: true },
        ],
      }),
    ).toMatchInlineSnapshot(`
      "capture tax-fix: its capture on finance.daily_revenue is off or not whole: live writes to the interval leave no marks, and are found by comparing the base, later
        -> nothing to do: before its release is published, capture is installed again, and what was written meanwhile is found by comparing the base
      capture tax-fix: its capture on finance.daily_revenue is off or not whole: live writes to the interval leave no marks, and are found by comparing the base, later
        -> nothing has to be done: they are followed as they are found (comparedAsOf of backfill status tax-fix); backfill rollback tax-fix --reason "<why>" shows them at once"
    `);
  });

  it('does not offer to remove what consumers read', () => {
    const active = { ...dataset, isOverlaid: true, activeBackfill: 'tax-fix', activeRelease: 'FIN-2841' };
    const said = lines({ workflows: { 'tax-fix': terminated }, datasets: [active] });
    expect(said).toMatchInlineSnapshot(`
      "orphan tax-fix: it is building in the ledger, but its workflow has ended (terminated); consumers read its release and nobody watches it
        -> backfill start <the spec it was started with>, which takes up its watch; or undo it with the statement that backfill status tax-fix prints"
    `);
  });

  it('does not guess while no server answers', () => {
    expect(lines({ workflows: null })).toMatchInlineSnapshot(`
      "unchecked tax-fix: it is building in the ledger; whether its workflow runs is not known, because no Temporal server answers
        -> backfill doctor, when the server is back"
    `);
  });

  it('finds what an ended run left, and the view it left armed', () => {
    const artifacts = healthy.artifacts.map((artifact) => ({ ...artifact, status: 'aborted', ended: true }));
    expect(lines({ openRuns: [], artifacts })).toMatchInlineSnapshot(`
      "view finance.daily_revenue_current: the view is armed, but no release is in force and no run goes on
        -> backfill doctor --remove tax-fix
      artifact tax-fix: it has ended (aborted), but its shadow s is still there
        -> backfill doctor --remove tax-fix"
    `);
  });

  it('finds a ledger of another version and missing grants', () => {
    const missingGrants = [{ relation: 'governance.backfill_runs', privilege: 'INSERT' }];
    expect(lines({ missingMigrations: ['0003_more.sql'], missingGrants })).toMatchInlineSnapshot(`
      "ledger governance: the ledger lacks migration 0003_more.sql of this version
        -> backfill install --dataset finance.daily_revenue --admin-url env:ADMIN_URL
      grants governance.backfill_runs: the worker's role has no INSERT on governance.backfill_runs
        -> backfill install --dataset finance.daily_revenue --admin-url env:ADMIN_URL"
    `);
  });
});
