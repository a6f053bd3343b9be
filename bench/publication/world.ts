import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { derivedRolePassword, ensureRoles } from '../../examples/daily-revenue/roles.ts';
import type { LoginRole } from '../../examples/daily-revenue/roles.ts';
import { onDatabase, withLogin } from '../../examples/daily-revenue/with-client.ts';
import type { ActivityDeps } from '../../activities/deps.ts';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { emptyDatabase } from '../support/empty-database.ts';
import { install } from '../../src/ledger/install.ts';
import { readPlan } from '../../src/ledger/runs.ts';
import { workflowIdOf } from '../../src/protocol/identity.ts';
import type { BackfillActivities } from '../../src/protocol/activities.ts';
import { createPool, SHORT, withSession } from '../../src/warehouse/session.ts';
import { callActivities } from '../support/call-activities.ts';
import { BACKFILL_ID, CONTRACT_FILES, INSTALLED, spec, tables } from './dataset.ts';
import type { Dates } from './dates.ts';
import { datesOf } from './dates.ts';
import type { TimedStatement } from './timed-pool.ts';
import { createTimedPool } from './timed-pool.ts';

/** One dataset with its interval rebuilt and reconciled, and everything that the measuring needs of it. */
export interface World {
  readonly dates: Dates;
  readonly rowsPerDay: number;
  readonly urls: Readonly<Record<LoginRole, string>>;
  readonly admin: pg.Pool;
  /** What a worker works with; its pool notes switches in `heard`. */
  readonly pool: pg.Pool;
  readonly heard: TimedStatement[];
  readonly activities: BackfillActivities;
  readonly plan: BackfillPlan;
  readonly planHash: string;
}

const DATABASE = 'publication';

/** Makes the database anew, plans, captures, snapshots and builds by the product's activities. */
export async function withWorld<T>(
  serverUrl: string,
  size: { readonly days: number; readonly rowsPerDay: number },
  log: (line: string) => void,
  use: (world: World) => Promise<T>,
): Promise<T> {
  const dates = datesOf(size.days);
  const urls = await makeDatabase(serverUrl);
  const adminUrl = onDatabase(serverUrl, DATABASE);
  const folder = await mkdtemp(join(tmpdir(), 'backfill-bench-'));
  const heard: TimedStatement[] = [];
  const admin = createPool(adminUrl, 2);
  const pool = createTimedPool(urls.backfill_worker, 6, heard);
  try {
    for (const statement of tables(dates, size.rowsPerDay)) await admin.query(statement);
    await install(adminUrl, INSTALLED);
    for (const [name, text] of Object.entries(CONTRACT_FILES)) await writeFile(join(folder, name), text);
    const activities = callActivities(depsOf(pool, folder, dates));
    const { plan, planHash } = await build(pool, activities, spec(dates), log);
    return await use({ dates, rowsPerDay: size.rowsPerDay, urls, admin, pool, heard, activities, plan, planHash });
  } finally {
    await Promise.all([admin.end(), pool.end()]);
    await rm(folder, { recursive: true, force: true });
  }
}

async function makeDatabase(serverUrl: string): Promise<Readonly<Record<LoginRole, string>>> {
  const url = await emptyDatabase(serverUrl, DATABASE);
  const passwords = await ensureRoles(serverUrl, derivedRolePassword(serverUrl));
  const urls = Object.entries(passwords).map(([role, password]) => [role, withLogin(url, role, password)]);
  return Object.fromEntries(urls) as Record<LoginRole, string>;
}

function depsOf(pool: pg.Pool, folder: string, { today }: Dates): ActivityDeps {
  return {
    pool,
    contracts: { folder, allowDirty: true },
    reportsFolder: join(folder, 'reports'),
    prices: null,
    secret: () => null,
    now: () => new Date(`${today}T12:00:00Z`),
  };
}

async function build(
  pool: pg.Pool,
  activities: BackfillActivities,
  specText: string,
  log: (line: string) => void,
): Promise<{ readonly plan: BackfillPlan; readonly planHash: string }> {
  const ref = { backfillId: BACKFILL_ID };
  const launch = { spec: specText, requestedBy: 'bench' };
  const planned = await activities.planBackfill({ launch, workflowId: workflowIdOf(BACKFILL_ID) });
  if (planned.kind === 'refused') throw new Error(`the plan is refused: ${planned.reasons.join('; ')}`);
  await activities.installCapture(ref);
  await activities.takeSnapshot(ref);
  await activities.createShadow(ref);
  const frozen = await withSession(pool, SHORT, (session) =>
    session.one<{ plan: BackfillPlan; planHash: string }>(readPlan(BACKFILL_ID)),
  );
  log(`${frozen.plan.partitions} partitions are rebuilt`);
  const { batches } = frozen.plan;
  const { maxConcurrency } = frozen.plan.spec.execution;
  const limits = { maxConcurrency, dailyBytesBudget: null };
  const half = Math.ceil(batches / 2);
  const claims = [{ from: 1, to: half }, ...(half < batches ? [{ from: half + 1, to: batches }] : [])];
  const built = await Promise.all(
    claims.map((claim, at) => activities.rebuildClaim({ ...ref, claim, lane: at + 1, limits })),
  );
  for (const { stopped } of built)
    if (stopped !== null) throw new Error(`the build stopped: ${JSON.stringify(stopped)}`);
  return frozen;
}
