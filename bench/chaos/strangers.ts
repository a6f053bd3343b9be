import pg from 'pg';
import type { DecisionToRecord } from '../../src/protocol/activities.ts';
import { rollbackStatement } from '../../src/ledger/releases.ts';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { withClient } from '../../examples/daily-revenue/with-client.ts';
import type { LoginRole } from '../../examples/daily-revenue/roles.ts';
import type { TrafficDataset } from '../traffic/dataset.ts';
import { BACKFILL_ID, DATASET } from '../traffic/tables.ts';

/** Somebody who may not decide, and tries. Answers true where it had an effect. */
export type Stranger = (dataset: TrafficDataset, plan: BackfillPlan) => Promise<boolean>;

const at = '2026-01-15T12:00:00.000Z';
const approval = (by: string, digest: string): DecisionToRecord => ({
  kind: 'approve',
  approval: { by, identified: 'claimed', digest, comment: '', at },
});

/** Requester, unlisted people and stale digests by message; consumers, pipeline and worker by SQL. */
export const STRANGERS: Readonly<Record<string, Stranger>> = {
  'the requester approves': async (dataset) => decides(dataset, approval('dora', await newestDigest(dataset))),
  'the requester approves in capitals': async (dataset) =>
    decides(dataset, approval(' DORA ', await newestDigest(dataset))),
  'somebody unlisted approves': async (dataset) => decides(dataset, approval('mallory', await newestDigest(dataset))),
  'an approver names another digest': (dataset) => decides(dataset, approval('director', 'f'.repeat(64))),
  'somebody unlisted rejects': async (dataset) =>
    decides(dataset, { kind: 'reject', by: 'mallory', reason: 'no', digest: await newestDigest(dataset) }),
  'somebody unlisted signs off': (dataset) =>
    decides(dataset, { kind: 'signOff', party: 'mallory', releaseId: 'FIN-7' }),
  'a consumer rolls back': (dataset, plan) => runs(dataset, 'dashboard', rollbackStatement(plan, 'FIN-7')),
  'a consumer publishes': (dataset, plan) => runs(dataset, 'dashboard', publishes(plan)),
  'the pipeline takes its marks away': (dataset) =>
    runs(dataset, 'revenue_pipeline', 'DELETE FROM governance.dirty_partitions'),
  'the worker moves the pointer forward': (dataset) =>
    runs(
      dataset,
      'backfill_worker',
      `UPDATE governance.active_releases SET backfill_id = '${BACKFILL_ID}', release_id = (SELECT max(release_id) FROM governance.data_releases) WHERE dataset = '${DATASET}'`,
    ),
  'the worker revives a release': (dataset) =>
    runs(
      dataset,
      'backfill_worker',
      `UPDATE governance.data_releases SET state = 'published' WHERE state = 'rolled_back'`,
    ),
  'the worker rewrites an approval': (dataset) =>
    runs(dataset, 'backfill_worker', `UPDATE governance.backfill_approvals SET decided_by = 'director'`),
  'the worker rewrites an event': (dataset) =>
    runs(dataset, 'backfill_worker', `UPDATE governance.backfill_events SET actor = 'nobody'`),
};

const publishes = (plan: BackfillPlan): string =>
  `SELECT governance.publish_release('${plan.backfillId}', 1, NULL, interval '1 hour', '', '')`;

async function decides({ activities }: TrafficDataset, decision: DecisionToRecord): Promise<boolean> {
  const outcome = await activities.recordDecision({ backfillId: BACKFILL_ID, decision });
  return outcome.kind === 'recorded';
}

/** Refused with an error, or without a row that it changed. A switch that answers a row counts as one. */
async function runs(dataset: TrafficDataset, role: LoginRole, text: string): Promise<boolean> {
  return withClient(dataset.urls[role], async (client) => {
    try {
      const { rowCount } = await client.query(text);
      return (rowCount ?? 0) > 0;
    } catch (error) {
      if (error instanceof pg.DatabaseError && error.code === '42501') return false;
      throw error;
    }
  });
}

async function newestDigest({ admin }: TrafficDataset): Promise<string> {
  const { rows } = await admin.query<{ digest: string }>(
    `SELECT digest FROM governance.backfill_evidence WHERE kind = 'run' ORDER BY evidence_id DESC LIMIT 1`,
  );
  return rows[0]?.digest ?? '';
}

/** Releases that nobody who may approve has approved, whatever became of those who tried. */
export async function unapprovedReleases({ admin }: TrafficDataset): Promise<number> {
  const { rows } = await admin.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM governance.data_releases r
      WHERE NOT EXISTS (SELECT FROM governance.backfill_approvals a JOIN governance.backfill_runs run USING (backfill_id)
        WHERE a.approval_id = r.approval_id AND a.decision = 'approve' AND a.evidence_digest = r.evidence_digest
          AND a.decided_by = ANY (run.approvers) AND lower(btrim(a.decided_by)) <> lower(btrim(run.requested_by)))`,
  );
  return rows[0]?.n ?? 0;
}
