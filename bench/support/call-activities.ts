import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { ActivityDeps } from '../../activities/deps.ts';
import { createLightActivities, createWarehouseActivities } from '../../activities/index.ts';
import type { BackfillActivities } from '../../src/protocol/activities.ts';

/** Refusals are answers here: whoever calls reports them. */
const QUIET = new DefaultLogger('ERROR');

/** Every activity as a worker calls it, each call inside a context of its own, and no Temporal server anywhere. */
export function callActivities(deps: ActivityDeps): BackfillActivities {
  const all = { ...createLightActivities(deps), ...createWarehouseActivities(deps) };
  const calls = Object.entries<(input: never) => Promise<unknown>>(all).map(([name, activity]) => [
    name,
    (input: never) => new MockActivityEnvironment({}, { logger: QUIET }).run(activity, input),
  ]);
  return Object.fromEntries(calls) as BackfillActivities;
}
