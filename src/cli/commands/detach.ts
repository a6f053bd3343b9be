import type { BackfillPlan } from '../../domain/backfill-plan.ts';
import { insertEvent } from '../../ledger/events.ts';
import { readPlan } from '../../ledger/runs.ts';
import { retryLock } from '../../warehouse/retry-lock.ts';
import { detachCapture } from '../../warehouse/postgres/statements/elevated.ts';
import { withTransaction } from '../../warehouse/session.ts';
import type { CommandResult } from '../command-result.ts';
import { EXIT } from '../exit-codes.ts';
import { recordedRun } from '../recorded-run.ts';
import { loadSettings } from '../settings.ts';
import type { Surroundings } from '../surroundings.ts';
import { withWarehouse } from '../with-warehouse.ts';

/** Takes late-write capture off the base table at once, for whoever finds that it disturbs the live pipeline. Asks no Temporal server. */
export async function detach(backfillId: string, surroundings: Surroundings): Promise<CommandResult> {
  const { config } = loadSettings(surroundings, ['warehouse']);
  return withWarehouse(config, async (session) => {
    await recordedRun(session, backfillId);
    const { plan } = await session.one<{ plan: BackfillPlan }>(readPlan(backfillId));
    if (plan.contract.livePipeline.capture === 'fingerprints') return nothingToDetach(plan);
    const dropped = await retryLock(() =>
      withTransaction(session, async () => {
        const detached = await session.one<{ dropped: number }>(detachCapture(plan));
        const detail = { triggers: detached.dropped };
        await session.change(insertEvent(backfillId, 'capture detached', surroundings.user ?? 'unknown', detail));
        return detached.dropped;
      }),
    );
    const text =
      dropped === 0
        ? `no capture of ${backfillId} is on ${plan.dataset}; nothing was changed`
        : `${dropped} capture triggers of ${backfillId} are off ${plan.dataset}; live writes leave no marks from now on. Before a publication capture is installed again, with the evidence or before the switch, the whole base is compared with what the builds saw of it, and what differs is rebuilt. After one, the base is compared in turn, some partitions every five seconds, and live writes are followed as they are found`;
    return { exitCode: EXIT.done, text, json: { backfillId, dataset: plan.dataset, triggersDropped: dropped } };
  });
}

function nothingToDetach({ backfillId, dataset }: BackfillPlan): CommandResult {
  const text = `no trigger of ${backfillId} is on ${dataset}: its contract has live writes found by fingerprints; nothing was changed`;
  return { exitCode: EXIT.done, text, json: { backfillId, dataset, triggersDropped: 0 } };
}
