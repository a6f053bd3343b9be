import { insertDecision } from '../../src/ledger/approvals.ts';
import { activeRelease } from '../../src/ledger/releases.ts';
import { attachCapture } from '../../src/warehouse/postgres/statements/elevated.ts';
import { SHORT, withSession } from '../../src/warehouse/session.ts';
import { BACKFILL_ID } from './dataset.ts';
import type { World } from './world.ts';

/** Signed off, moved into the base, overlay retired. */
export async function consolidate({ activities, plan, pool }: World): Promise<void> {
  await withSession(pool, SHORT, async (session) => {
    const { releaseId: subject } = await session.one<{ releaseId: string }>(activeRelease(plan.dataset));
    for (const by of plan.contract.signOff)
      await session.change(
        insertDecision({ backfillId: BACKFILL_ID, decision: 'sign_off', by, digest: '', subject, comment: '' }),
      );
  });
  const { maxConcurrency } = plan.spec.execution;
  for (let done = false; !done;) {
    const claim = await activities.consolidateClaim({
      backfillId: BACKFILL_ID,
      limits: { maxConcurrency, dailyBytesBudget: null },
    });
    if (claim.stopped !== null) throw new Error(`consolidation stopped: ${JSON.stringify(claim.stopped)}`);
    done = claim.done;
  }
  const { retired } = await activities.retireOverlay({ backfillId: BACKFILL_ID });
  if (!retired) throw new Error('the overlay is not retired although nobody writes');
}

/** The triggers once more: what writes cost with them is measured where nothing is spoilt any more. */
export async function captureAgain({ plan, pool }: World): Promise<void> {
  await withSession(pool, SHORT, (session) => session.rows(attachCapture(plan)));
}
