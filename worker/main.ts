import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { formatConfigProblem } from '../src/config/environment.ts';
import { processConfig } from '../src/config/config.ts';
import { readStackFile, stackFolder } from '../src/local/stack-file.ts';
import { TASK_QUEUE } from '../src/protocol/identity.ts';
import { jsonLine } from '../src/telemetry/json-line.ts';
import { createPool } from '../src/warehouse/session.ts';
import { createWorkers } from './create-worker.ts';

/** One lane or watch of a backfill holds a slot; more wait in their queue. */
const WAREHOUSE_SLOTS = 16;
/** A slot has a session of its own and, beside it, a short one for gate and ledger. */
const CONNECTIONS = 2 * WAREHOUSE_SLOTS;

const read = processConfig(readStackFile(stackFolder(process.cwd())), ['warehouse', 'contracts']);
if (!read.ok) {
  for (const problem of read.problems) process.stderr.write(`${formatConfigProblem(problem)}\n`);
  process.exit(2);
}
const { config } = read;
const level = config.logLevel.toUpperCase() as 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';
Runtime.install({
  logger: new DefaultLogger(level, (entry) =>
    process.stderr.write(jsonLine(entry.level, entry.message, entry.meta ?? {})),
  ),
  // Ours below: a worker that a person stops commits the partition at hand, then leaves.
  shutdownSignals: [],
});

const pool = createPool(config.warehouse.reveal(), CONNECTIONS);
const connection = await NativeConnection.connect(config.temporal.connectionOptions());
const workers = await createWorkers({
  connection,
  namespace: config.temporal.namespace,
  taskQueue: config.taskQueuePrefix === null ? TASK_QUEUE : `${config.taskQueuePrefix}-${TASK_QUEUE}`,
  bundle: fileURLToPath(new URL('../workflow-bundle.js', import.meta.url)),
  warehouseSlots: WAREHOUSE_SLOTS,
  deps: {
    pool,
    contracts: { folder: config.contracts, allowDirty: config.allowDirtyContracts },
    reportsFolder: config.reports,
    prices: config.prices,
    secret: config.secret,
    now: () => new Date(),
  },
});
if (workers.withoutSearchAttributes !== null)
  Runtime.instance().logger.warn('runs set no search attributes', { reason: workers.withoutSearchAttributes });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => workers.shutdown());
try {
  await workers.run();
} finally {
  await connection.close();
  await pool.end();
}
