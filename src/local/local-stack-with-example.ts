import { fileURLToPath } from 'node:url';
import { join, resolve } from 'node:path';
import { derivedRolePassword } from '../../examples/daily-revenue/roles.ts';
import { SCENARIO_FOLDER } from '../../examples/daily-revenue/scenario.ts';
import { seedDailyRevenue } from '../../examples/daily-revenue/seed.ts';
import { onDatabase } from '../../examples/daily-revenue/with-client.ts';
import { install } from '../ledger/install.ts';
import { loadContract } from '../spec/load-contract.ts';
import { formatProblem } from '../spec/spec-problem.ts';
import { freshDatabase } from './fresh-database.ts';
import { eventsPerDayToSeed } from './seeded-size.ts';
import type { Stack } from './stack.ts';
import { startStack } from './stack.ts';
import type { StackFile } from './stack-file.ts';
import { removeStackFile, writeStackFile } from './stack-file.ts';
import type { SupervisedProcess } from './supervise.ts';
import { superviseProcess } from './supervise.ts';
import { waitForWorker } from './wait-for-worker.ts';

export interface BringUpOptions {
  /** Data, logs, reports and addresses live here and are kept between runs. */
  readonly folder: string;
  /** Of the example; undefined keeps what is there, and is 2,000 in a new folder. */
  readonly eventsPerDay?: number | undefined;
  /** One line for people. */
  readonly log: (line: string) => void;
  readonly env?: NodeJS.ProcessEnv;
  /** The example's live pipeline goes on writing; default true. */
  readonly pipeline?: boolean;
  /** How often that pipeline writes into the past; undefined leaves it to the pipeline. */
  readonly lateEverySeconds?: number;
  /** Makes the example's database anew, whatever it held. */
  readonly fresh?: boolean;
  /** Contracts that the worker reads instead of the example's own. */
  readonly contracts?: string;
  /** A supervised worker; default true. */
  readonly worker?: boolean;
}

export interface LocalStackWithExample {
  readonly stack: StackFile;
  /** The servers themselves. */
  readonly servers: Stack;
  /** Null where it was not asked for. */
  readonly worker: SupervisedProcess | null;
  readonly pipeline: SupervisedProcess | null;
  /** One URL a login role of the example, each with its password. */
  readonly urls: Readonly<Record<string, string>>;
  /** Pipeline first, then the worker, which finishes its partition, then the servers. The data stays. */
  stop(): Promise<void>;
}

const DATABASE = 'warehouse';
/** The role of the example that owns schema governance. */
const LEDGER_OWNER = 'backfill_ledger';

/** The example's contracts. */
export const EXAMPLE_CONTRACTS = join(SCENARIO_FOLDER, 'contracts');
export const EXAMPLE_SPEC = join(SCENARIO_FOLDER, 'backfill.yaml');

/**
 * Starts the local servers with the daily-revenue example: seeded, ledger installed, addresses written to the stack file,
 * worker and live pipeline running. Rejects with everything stopped again where a part does not start.
 */
export async function bringUp(options: BringUpOptions): Promise<LocalStackWithExample> {
  const { log, env = process.env } = options;
  const folder = resolve(options.folder);
  const servers = await startStack({ folder, log, env });
  const started: SupervisedProcess[] = [];
  const stop = async (): Promise<void> => {
    removeStackFile(folder);
    try {
      for (const one of [...started].reverse()) await one.stop();
    } finally {
      await servers.stop();
    }
  };
  try {
    const { stack, urls } = await prepareExample(servers, options);
    writeStackFile(folder, stack);
    const worker = options.worker === false ? null : await startWorker(stack, folder, env, log);
    if (worker !== null) started.push(worker);
    if (worker !== null) await waitForWorker(stack, env['BACKFILL_TASK_QUEUE_PREFIX'] || null, log);
    const pipeline =
      options.pipeline === false ? null : await startPipeline(urls['revenue_pipeline'], { ...options, folder, env });
    if (pipeline !== null) started.push(pipeline);
    return { stack, servers, worker, pipeline, urls, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function prepareExample(
  servers: Stack,
  { eventsPerDay, log, fresh, contracts = EXAMPLE_CONTRACTS }: BringUpOptions,
): Promise<{ readonly stack: StackFile; readonly urls: Readonly<Record<string, string>> }> {
  const adminUrl = onDatabase(servers.adminUrl, DATABASE);
  if (fresh === true) await freshDatabase(servers.adminUrl, DATABASE, eventsPerDay ?? 2_000, log);
  const { urls } = await seedDailyRevenue(servers.adminUrl, {
    database: DATABASE,
    eventsPerDay: await eventsPerDayToSeed(servers.adminUrl, DATABASE, eventsPerDay),
    rolePassword: derivedRolePassword(servers.adminUrl),
    log,
  });
  const read = await loadContract(contracts, 'any', { allowDirty: true });
  if (!read.ok) throw new Error(`The example's contract is refused:\n${read.problems.map(formatProblem).join('\n')}`);
  const { dataset, publishedView, partition } = read.loaded.contract;
  const done = await install(adminUrl, {
    dataset,
    view: publishedView,
    partitionKey: partition.key,
    worker: 'backfill_worker',
    ledgerOwner: LEDGER_OWNER,
  });
  for (const line of done) log(`ledger: ${line}`);
  const { temporalAddress, temporalNamespace, temporalUi } = servers;
  return {
    urls,
    stack: {
      temporalAddress,
      temporalNamespace,
      temporalUi,
      warehouseUrl: urls.backfill_worker,
      adminUrl,
      reviewUrl: null,
      contracts,
    },
  };
}

const WORKER = fileURLToPath(new URL('../../worker/main.js', import.meta.url));
const PIPELINE = fileURLToPath(new URL('../../examples/daily-revenue/live-pipeline.js', import.meta.url));

/** A supervised worker on the stack's servers, with the contracts that the stack names. */
export function startWorker(
  stack: StackFile,
  folder: string,
  env: NodeJS.ProcessEnv,
  log: (line: string) => void,
): Promise<SupervisedProcess> {
  return superviseProcess({
    command: process.execPath,
    args: ['--enable-source-maps', WORKER],
    env: {
      ...env,
      TEMPORAL_ADDRESS: stack.temporalAddress,
      TEMPORAL_NAMESPACE: stack.temporalNamespace,
      BACKFILL_WAREHOUSE_URL: stack.warehouseUrl,
      BACKFILL_CONTRACTS: stack.contracts,
      BACKFILL_REPORTS: join(folder, 'reports'),
      // The example is there to be changed and tried; the plan shows that git does not know the change.
      BACKFILL_ALLOW_DIRTY_CONTRACTS: '1',
    },
    logFile: join(folder, 'worker.log'),
    label: 'worker',
    log,
  });
}

async function startPipeline(
  url: string | undefined,
  { folder, env, log, lateEverySeconds }: BringUpOptions,
): Promise<SupervisedProcess> {
  if (url === undefined) throw new Error('the example has no role revenue_pipeline: its seed is not of this version');
  return superviseProcess({
    command: process.execPath,
    args: ['--enable-source-maps', PIPELINE],
    env: {
      ...(lateEverySeconds === undefined ? {} : { LIVE_PIPELINE_LATE_EVERY_SECONDS: String(lateEverySeconds) }),
      ...env,
      LIVE_PIPELINE_URL: url,
    },
    logFile: join(folder, 'live-pipeline.log'),
    label: 'live pipeline',
    log,
  });
}
