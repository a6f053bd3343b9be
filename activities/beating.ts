import type { Activity } from './each-activity.ts';
import { eachActivity } from './each-activity.ts';
import { whileWorking } from './working.ts';

/** Activities with nothing to say of their progress, which may wait for a lock or a slow answer: a dead worker is told from a patient one. */
export function beating<T extends { [name in keyof T]: Activity }>(activities: T): T {
  return eachActivity(activities, (activity) => (input) => whileWorking(() => activity(input)));
}
