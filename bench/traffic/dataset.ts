import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { createLightActivities, createWarehouseActivities } from '../../activities/index.ts';
import { derivedRolePassword, ensureRoles } from '../../examples/daily-revenue/roles.ts';
import type { LoginRole } from '../../examples/daily-revenue/roles.ts';
import { withLogin } from '../../examples/daily-revenue/with-client.ts';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { install } from '../../src/ledger/install.ts';
import { readPlan } from '../../src/ledger/runs.ts';
import type { BackfillActivities } from '../../src/protocol/activities.ts';
import { workflowIdOf } from '../../src/protocol/identity.ts';
import { createPool, SHORT, withSession } from '../../src/warehouse/session.ts';
import { asTemporalDoes } from './as-temporal-does.ts';
import { depsOf } from './deps-of.ts';
import { inActivity } from './in-activity.ts';
import { EXPECTED } from './expected.ts';
import { BACKFILL_ID, CONTRACT_FILES, SPEC, TABLES } from './tables.ts';

/** A small dataset with its truth beside it, and every activity to be called as a worker calls it, and as the server calls it again. */
export interface TrafficDataset {
  readonly adminUrl: string;
  readonly admin: pg.Pool;
  readonly urls: Readonly<Record<LoginRole, string>>;
  readonly contracts: string;
  readonly activities: BackfillActivities;
  /** The newest evidence concluded anew and approved: what every publication needs. */
  approveAnew(): Promise<string>;
  publish(): Promise<string>;
  rollBack(): Promise<void>;
  /** Until no mark is open and no batch is unchecked; for after the traffic. */
  settle(): Promise<void>;
  end(): Promise<void>;
}

const REF = { backfillId: BACKFILL_ID };
const LIMITS = { maxConcurrency: 2, dailyBytesBudget: null };

/** Makes it in an empty database, of which `adminUrl` is a superuser. */
export async function createTrafficDataset(adminUrl: string): Promise<TrafficDataset> {
  const passwords = await ensureRoles(adminUrl, derivedRolePassword(adminUrl));
  const urls = Object.fromEntries(
    Object.entries(passwords).map(([role, password]) => [role, withLogin(adminUrl, role, password)]),
  ) as Record<LoginRole, string>;
  const admin = createPool(adminUrl, 4);
  await admin.query(TABLES);
  await install(adminUrl, {
    dataset: { schema: 'finance', name: 'sales_by_day' },
    view: { schema: 'finance', name: 'sales_current' },
    partitionKey: 'day',
    worker: 'backfill_worker',
    ledgerOwner: 'backfill_ledger',
  });
  await admin.query(EXPECTED);
  const contracts = await mkdtemp(join(tmpdir(), 'backfill-traffic-'));
  for (const [path, text] of Object.entries(CONTRACT_FILES)) await writeFile(join(contracts, path), text);
  const pool = createPool(urls.backfill_worker, 6);
  const activities = callable(depsOf(pool, contracts));
  return {
    adminUrl,
    admin,
    urls,
    contracts,
    activities,
    approveAnew: () => approveAnew(activities),
    publish: async () => {
      const outcome = await activities.publishRelease({ ...REF, windowMs: 3_600_000, limits: LIMITS });
      if (outcome.kind !== 'published') throw new Error(`not published: ${JSON.stringify(outcome)}`);
      return outcome.release.releaseId;
    },
    rollBack: async () => {
      await activities.rollBackRelease({ ...REF, by: 'olaf', reason: 'traffic' });
    },
    settle: async () => {
      const outcome = await activities.concludeEvidence(REF);
      if (outcome.kind !== 'concluded') throw new Error(`not settled: ${JSON.stringify(outcome)}`);
    },
    end: async () => {
      await pool.end();
      await admin.end();
      await rm(contracts, { recursive: true, force: true });
    },
  };
}

/** From the plan to the last reconciled batch, without a worker. */
export async function buildCorrection({ activities }: TrafficDataset): Promise<void> {
  const launch = { spec: SPEC, requestedBy: 'dora' };
  const planned = await activities.planBackfill({ launch, workflowId: workflowIdOf(BACKFILL_ID) });
  if (planned.kind === 'refused') throw new Error(planned.reasons.join('\n'));
  await activities.installCapture(REF);
  await activities.takeSnapshot(REF);
  await activities.createShadow(REF);
  const claim = { from: 1, to: planned.plan.batches };
  const built = await activities.rebuildClaim({ ...REF, claim, lane: 1, limits: LIMITS });
  if (built.stopped !== null) throw new Error(`the build stopped: ${JSON.stringify(built.stopped)}`);
}

export async function planOf(pool: pg.Pool): Promise<BackfillPlan> {
  return withSession(pool, SHORT, async (session) => {
    const { plan } = await session.one<{ plan: BackfillPlan }>(readPlan(BACKFILL_ID));
    return plan;
  });
}

async function approveAnew(activities: BackfillActivities): Promise<string> {
  const outcome = await activities.concludeEvidence(REF);
  if (outcome.kind !== 'concluded' || outcome.failed !== null)
    throw new Error(`no evidence to approve: ${JSON.stringify(outcome)}`);
  const { digest } = outcome.evidence;
  const approval = {
    by: 'controller',
    identified: 'claimed' as const,
    digest,
    comment: '',
    at: new Date().toISOString(),
  };
  const recorded = await activities.recordDecision({ ...REF, decision: { kind: 'approve', approval } });
  if (recorded.kind === 'refused') throw new Error(recorded.reason);
  return digest;
}

function callable(deps: ReturnType<typeof depsOf>): BackfillActivities {
  const all = { ...createLightActivities(deps), ...createWarehouseActivities(deps) };
  const calls = Object.entries<(input: never) => Promise<unknown>>(all).map(([name, activity]) => [
    name,
    (input: never) => asTemporalDoes(() => inActivity(() => activity(input))),
  ]);
  return Object.fromEntries(calls) as BackfillActivities;
}
