import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import type pg from 'pg';
import { inject } from 'vitest';
import { derivedRolePassword } from '../../examples/daily-revenue/roles.ts';
import { seedDailyRevenue } from '../../examples/daily-revenue/seed.ts';
import type { BackfillStatus } from '../../src/domain/status.ts';
import type { StatusView } from '../../src/domain/status-view.ts';
import type { MessageName } from '../../src/domain/messages.ts';
import { install } from '../../src/ledger/install.ts';
import { STATUS_QUERY, WORKFLOW_TYPE, workflowIdOf } from '../../src/protocol/identity.ts';
import { createPool } from '../../src/warehouse/session.ts';
import type { Workers } from '../../worker/create-worker.ts';
import { createWorkers } from '../../worker/create-worker.ts';
import { cloneTemplate, ensureTemplate } from './postgres.ts';
import { waitFor } from './wait-for.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const CONTRACTS = `${ROOT}examples/daily-revenue/contracts`;
export const BUNDLE = `${ROOT}dist/workflow-bundle.js`;

/** One database with the example scenario, one task queue of its own on the shared server, and a worker in this process. */
export interface World {
  readonly adminUrl: string;
  readonly urls: Readonly<Record<string, string>>;
  readonly temporalAddress: string;
  readonly admin: pg.Pool;
  readonly client: Client;
  readonly taskQueue: string;
  readonly reports: string;
  startWorker(options?: WorkerOptions): Promise<void>;
  stopWorker(): Promise<void>;
  /** Starts the example's spec under an id of its own; `set` overrides fields. */
  start(options?: StartOptions): Promise<Started>;
  end(): Promise<void>;
}

export interface WorkerOptions {
  readonly contracts?: string;
  /** The worker's secrets by reference; none where it is absent. */
  readonly secret?: (reference: string) => { reveal(): string } | null;
}

export interface StartOptions {
  readonly id?: string;
  /** Another spec than the example's, with the id in it. */
  readonly spec?: string;
  readonly set?: Readonly<Record<string, string>>;
  readonly requestedBy?: string;
  readonly historyBudget?: number;
}

export interface Started {
  readonly id: string;
  readonly workflowId: string;
  status(): Promise<StatusView>;
  /** Waits for a status; fails at once when the run is held or ends elsewhere. */
  reach(status: BackfillStatus, timeoutMs?: number): Promise<StatusView>;
  signal(name: string, payload?: unknown): Promise<void>;
  /** The answer, or the sentence of the refusal. */
  update(name: MessageName, payload?: unknown): Promise<{ ok: boolean; answer: string }>;
  result(): Promise<unknown>;
  approve(by?: string): Promise<void>;
}

export async function createWorld(eventsPerDay = 300): Promise<World> {
  const template = `daily_revenue_${eventsPerDay}`;
  await ensureTemplate(template, await scenarioVersion(), async (url) => {
    await seedDailyRevenue(url, { eventsPerDay, rolePassword: derivedRolePassword(url) });
    await installFor(url);
  });
  const database = await cloneTemplate(template);
  const { urls } = await seedDailyRevenue(database.url, {
    eventsPerDay,
    rolePassword: derivedRolePassword(database.url),
  });
  return worldOn({
    adminUrl: database.url,
    urls,
    temporalAddress: inject('temporalAddress'),
    dropDatabase: () => database.drop(),
  });
}

/** Where a world lives: a seeded database with its ledger, and a Temporal server. */
export interface Ground {
  readonly adminUrl: string;
  readonly urls: Readonly<Record<string, string>>;
  readonly temporalAddress: string;
  readonly dropDatabase: () => Promise<void>;
}

export async function worldOn({ adminUrl, urls, temporalAddress, dropDatabase }: Ground): Promise<World> {
  const admin = createPool(adminUrl, 4);
  const connection = await Connection.connect({ address: temporalAddress });
  const client = new Client({ connection });
  const taskQueue = `test-${randomBytes(5).toString('hex')}-backfill`;
  const reports = await mkdtemp(join(tmpdir(), 'backfill-reports-'));
  const worker = workerIn({ url: urls['backfill_worker'] ?? '', temporalAddress, taskQueue, reports });
  return {
    adminUrl,
    urls,
    temporalAddress,
    admin,
    client,
    taskQueue,
    reports,
    startWorker: worker.start,
    stopWorker: worker.stop,
    start: (options) => startRun(client, taskQueue, options),
    end: async () => {
      await worker.stop();
      await admin.end();
      await connection.close();
      await dropDatabase();
      await rm(reports, { recursive: true, force: true });
    },
  };
}

/** Of everything the template is made from: a changed script makes a new one. */
async function scenarioVersion(): Promise<string> {
  const sources = ['src/ledger/migrations', 'src/ledger/elevated', 'examples/daily-revenue/seed'];
  const hash = createHash('sha256');
  for (const folder of sources)
    for (const file of (await readdir(`${ROOT}${folder}`)).sort())
      hash.update(await readFile(`${ROOT}${folder}/${file}`));
  return hash.digest('hex');
}

export async function installFor(adminUrl: string): Promise<void> {
  await install(adminUrl, {
    dataset: { schema: 'finance', name: 'daily_revenue' },
    view: { schema: 'finance', name: 'daily_revenue_current' },
    partitionKey: 'revenue_date',
    worker: 'backfill_worker',
    ledgerOwner: 'backfill_ledger',
  });
}

let quiet = false;

function workerIn(at: { url: string; temporalAddress: string; taskQueue: string; reports: string }) {
  const { url, temporalAddress, taskQueue, reports } = at;
  let running: { workers: Workers; done: Promise<void>; close: () => Promise<void> } | null = null;
  return {
    start: async (options: WorkerOptions = {}): Promise<void> => {
      if (!quiet) Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
      quiet = true;
      const pool = createPool(url, 12);
      const connection = await NativeConnection.connect({ address: temporalAddress });
      const workers = await createWorkers({
        connection,
        namespace: 'default',
        taskQueue,
        bundle: BUNDLE,
        warehouseSlots: 8,
        deps: {
          pool,
          contracts: { folder: options.contracts ?? CONTRACTS, allowDirty: true },
          reportsFolder: reports,
          prices: null,
          secret: options.secret ?? (() => null),
          now: () => new Date(),
        },
      });
      const done = workers.run();
      running = {
        workers,
        done,
        close: async () => {
          await connection.close();
          await pool.end();
        },
      };
    },
    stop: async (): Promise<void> => {
      const current = running;
      running = null;
      if (current === null) return;
      current.workers.shutdown();
      await current.done;
      await current.close();
    },
  };
}

/** Waits that are long in life and short in a test. */
const SHORT_WAITS = { 'rollback.window': '2s', 'rollback.retain_after_sign_off': '1s' };

async function startRun(client: Client, taskQueue: string, options: StartOptions = {}): Promise<Started> {
  const id = options.id ?? `revenue-${randomBytes(4).toString('hex')}`;
  const text = options.spec ?? (await readFile(`${ROOT}examples/daily-revenue/backfill.yaml`, 'utf8'));
  const workflowId = workflowIdOf(id);
  const handle = await client.workflow.start(WORKFLOW_TYPE, {
    taskQueue,
    workflowId,
    args: [
      {
        spec: text.replace('revenue-tax-fix-2026-06', id),
        requestedBy: options.requestedBy ?? 'dora',
        set: { ...SHORT_WAITS, ...options.set },
        ...(options.historyBudget === undefined ? {} : { historyBudget: options.historyBudget }),
      },
    ],
  });
  const latest = client.workflow.getHandle(workflowId);
  const status = (): Promise<StatusView> => latest.query<StatusView>(STATUS_QUERY);
  const update: Started['update'] = async (name, payload) => {
    try {
      return { ok: true, answer: await latest.executeUpdate<string, [unknown]>(name, { args: [payload] }) };
    } catch (error) {
      const cause = (error as { cause?: { message?: string } }).cause;
      if (cause?.message === undefined) throw error;
      return { ok: false, answer: cause.message };
    }
  };
  return {
    id,
    workflowId,
    status,
    update,
    reach: (wanted, timeoutMs = 90_000) => reach(status, wanted, timeoutMs),
    signal: async (name, payload) => latest.signal(name, ...(payload === undefined ? [] : [payload])),
    result: () => handle.result(),
    approve: async (by = 'finance-controller') => {
      const { evidenceDigest } = await status();
      const { ok, answer } = await update('approve', { by, digest: evidenceDigest, comment: 'read the report' });
      if (!ok) throw new Error(answer);
    },
  };
}

const ENDS: readonly BackfillStatus[] = ['completed', 'closed', 'aborted', 'failed', 'held'];

async function reach(
  status: () => Promise<StatusView>,
  wanted: BackfillStatus,
  timeoutMs: number,
): Promise<StatusView> {
  let last: StatusView | undefined;
  const seen = await waitFor(
    async () => {
      last = await status();
      return last.status === wanted || ENDS.includes(last.status) ? last : null;
    },
    {
      timeoutMs,
      everyMs: 50,
      describe: () =>
        `status ${wanted} (it is ${last?.status ?? 'unknown'}, waiting on ${last?.waitingOn?.reason ?? 'nothing'})`,
    },
  );
  if (seen.status !== wanted)
    throw new Error(`it is ${seen.status} instead of ${wanted}: ${seen.hold?.reason ?? seen.because ?? ''}`);
  return seen;
}
