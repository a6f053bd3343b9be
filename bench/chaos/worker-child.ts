import { makePublishRelease } from '../../activities/publish-release.ts';
import { makeRollBackRelease } from '../../activities/roll-back-release.ts';
import { toActivityFailure } from '../../activities/activity-failure.ts';
import { createPool } from '../../src/warehouse/session.ts';
import { depsOf } from '../traffic/deps-of.ts';
import { inActivity } from '../traffic/in-activity.ts';
import { BACKFILL_ID } from '../traffic/tables.ts';
import type { Reply, Step } from './worker-processes.ts';

/**
 * A worker without its queue: it publishes or rolls back when it is told to, once, and is made to be killed meanwhile.
 * Starting a whole worker sixty times would take minutes.
 */
const [warehouseUrl = '', contracts = ''] = process.argv.slice(2);
const deps = depsOf(createPool(warehouseUrl, 4), contracts);
const ref = { backfillId: BACKFILL_ID };
const steps: Readonly<Record<Step, () => Promise<unknown>>> = {
  publish: () =>
    makePublishRelease(deps)({ ...ref, windowMs: 3_600_000, limits: { maxConcurrency: 2, dailyBytesBudget: null } }),
  rollBack: () => makeRollBackRelease(deps)({ ...ref, by: 'olaf', reason: 'chaos' }),
};

process.on('message', (step: Step) => void play(step).then((reply) => process.send?.(reply)));
process.on('disconnect', () => process.exit(0));
process.send?.({ kind: 'ready' } satisfies Reply);

async function play(step: Step): Promise<Reply> {
  try {
    return { kind: 'done', outcome: JSON.stringify(await inActivity(steps[step])) };
  } catch (error) {
    const failed = toActivityFailure(error);
    const retry = (failed as { nonRetryable?: boolean }).nonRetryable !== true;
    return { kind: 'failed', message: failed.message, retry };
  }
}
