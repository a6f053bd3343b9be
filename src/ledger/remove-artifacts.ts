import type { BackfillPlan } from '../domain/backfill-plan.ts';
import type { Artifact } from './artifacts.ts';
import { artifactsOf, markDropped } from './artifacts.ts';
import { insertEvent } from './events.ts';
import { rowsMovedUnderARollback, viewIsShaped } from './published-view.ts';
import { Refusal } from './refusal.ts';
import { activeRelease } from './releases.ts';
import { refuseWhileStillRead } from './still-read.ts';
import { retryLock } from '../warehouse/retry-lock.ts';
import type { Session } from '../warehouse/session.ts';
import { withTransaction } from '../warehouse/session.ts';
import { sql } from '../warehouse/sql.ts';
import { detachCapture, shapeView } from '../warehouse/postgres/statements/elevated.ts';

/**
 * Removes what the ledger records for a run that no reader sees: view back to plain, capture detached, tables dropped
 * by the OID they were made with. A table of the same name that is not ours stays. Returns what was removed.
 */
export async function removeArtifacts(
  session: Session,
  plan: BackfillPlan,
  options: { readonly keepSnapshot: boolean },
): Promise<readonly string[]> {
  const { backfillId } = plan;
  const active = await session.one<{ backfillId: string | null }>(activeRelease(plan.dataset));
  if (active.backfillId === backfillId)
    throw new Refusal(`${plan.dataset} still shows ${backfillId}: roll it back first; nothing was removed`);
  const artifacts = await session.rows<Artifact>(artifactsOf(backfillId));
  const dropped: string[] = [];
  const { shaped } = await session.one<{ shaped: boolean }>(viewIsShaped(plan));
  if (shaped) await refuseWhileStillRead(session, plan);
  // A view that somebody changed since the overlay was retired is theirs.
  if (active.backfillId === null && shaped) await retryLock(() => session.rows(shapeView(plan, 'plain')));
  const moved = await session.one<{ moved: boolean }>(rowsMovedUnderARollback(backfillId));
  if (moved.moved && !options.keepSnapshot)
    throw new Refusal(
      `rows of ${plan.dataset} were moved into the base table and then rolled back by hand; the snapshot is the only copy of the old ones and is kept: restore them first`,
    );
  for (const artifact of artifacts) {
    if (artifact.kind === 'snapshot' && options.keepSnapshot) continue;
    await retryLock(() =>
      withTransaction(session, async () => {
        await session.change(sql(`SET LOCAL lock_timeout = '500ms'`));
        if (artifact.kind === 'capture') await session.rows(detachCapture(plan));
        else if (artifact.present !== null) await session.change(sql(`DROP TABLE ${artifact.present}`));
        await session.change(markDropped(backfillId, artifact.kind));
        await session.change(
          insertEvent(backfillId, 'removed', 'worker', { kind: artifact.kind, name: artifact.name }),
        );
      }),
    );
    dropped.push(`${artifact.kind} ${artifact.name}`);
  }
  for (const table of ['dirty_partitions', 'catch_ups', 'base_comparisons'])
    await session.change(sql(`DELETE FROM governance.${table} WHERE backfill_id = $1`, backfillId));
  return dropped;
}
