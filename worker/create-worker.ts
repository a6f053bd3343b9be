import type { NativeConnection, WorkerOptions } from '@temporalio/worker';
import { Worker } from '@temporalio/worker';
import type { ActivityDeps } from '../activities/index.ts';
import { createLightActivities, createWarehouseActivities } from '../activities/index.ts';
import { warehouseQueueOf } from '../src/protocol/identity.ts';
import { ensureSearchAttributes } from './search-attributes.ts';

export interface WorkerSetup {
  readonly connection: NativeConnection;
  readonly namespace: string;
  /** Of the workflow; activities that scan data are polled from the queue beside it. */
  readonly taskQueue: string;
  readonly deps: Omit<ActivityDeps, 'searchAttributes'>;
  /** Path of the pre-built workflow bundle. */
  readonly bundle: string;
  /** Activities that scan data at once in this process; the warehouse has its own bound. */
  readonly warehouseSlots: number;
}

/** Both queues of one process. */
export interface Workers {
  /** Why runs set no search attributes, for people; null where they do. */
  readonly withoutSearchAttributes: string | null;
  /** Resolves after `shutdown`, when running activities have reached their boundaries. */
  run(): Promise<void>;
  shutdown(): void;
}

/** A stopping worker's activities get this long to commit the partition at hand. */
const SHUTDOWN_GRACE = '10s';

export async function createWorkers({
  connection,
  namespace,
  taskQueue,
  deps,
  bundle,
  warehouseSlots,
}: WorkerSetup): Promise<Workers> {
  const found = await ensureSearchAttributes(connection, namespace);
  const common = {
    connection,
    namespace,
    shutdownGraceTime: SHUTDOWN_GRACE,
    maxHeartbeatThrottleInterval: '1s',
    // Not in the types, honoured at run time: on a starved machine the default of 5 s ends the process.
    ...({ isolateExecutionTimeout: '60s' } as Partial<WorkerOptions>),
  } satisfies Partial<WorkerOptions>;
  const workers = await Promise.all([
    Worker.create({
      ...common,
      taskQueue,
      workflowBundle: { codePath: bundle },
      activities: createLightActivities(deps),
    }),
    Worker.create({
      ...common,
      taskQueue: warehouseQueueOf(taskQueue),
      activities: createWarehouseActivities({ ...deps, searchAttributes: found.known }),
      maxConcurrentActivityTaskExecutions: warehouseSlots,
    }),
  ]);
  return {
    withoutSearchAttributes: found.known ? null : found.reason,
    run: async () => {
      await Promise.all(workers.map((worker) => worker.run()));
    },
    shutdown: () => {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    },
  };
}
