import type { ActivityInterfaceFor } from '@temporalio/workflow';
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { LightActivities, WarehouseActivities } from '../src/protocol/activities.ts';
import { warehouseQueueOf } from '../src/protocol/identity.ts';

/** Activities by the way they are run. */
export interface Proxies {
  /** Short statements on the ledger. */
  readonly light: ActivityInterfaceFor<LightActivities>;
  /** Work that takes long and says where it is. */
  readonly warehouse: ActivityInterfaceFor<WarehouseActivities>;
  /** Short steps on the warehouse, which may wait for locks. */
  readonly steps: ActivityInterfaceFor<WarehouseActivities>;
}

/**
 * Every timeout and retry of the product. Attempts never run out: outages of any length are waited out, and what must
 * not be retried says so itself. Every activity heartbeats, and three seconds at most lie between attempts: what a killed
 * worker did is taken up within ten.
 */
const PATIENT = {
  heartbeatTimeout: '5s',
  retry: { initialInterval: '500ms', backoffCoefficient: 1.5, maximumInterval: '3s' },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
} as const;

export function createProxies(taskQueue: string): Proxies {
  const onWarehouse = { ...PATIENT, taskQueue: warehouseQueueOf(taskQueue) };
  return {
    light: proxyActivities<LightActivities>({ ...PATIENT, startToCloseTimeout: '1 minute' }),
    warehouse: proxyActivities<WarehouseActivities>({ ...onWarehouse, startToCloseTimeout: '7 days' }),
    steps: proxyActivities<WarehouseActivities>({ ...onWarehouse, startToCloseTimeout: '10 minutes' }),
  };
}
