import type { BackfillPlan } from '../domain/backfill-plan.ts';
import { formatName } from '../domain/names.ts';
import type { Artifact } from './artifacts.ts';
import { artifactsOf, markDropped } from './artifacts.ts';
import { insertEvent } from './events.ts';
import type { Removed } from '../protocol/activities.ts';
import { viewIsShaped } from './published-view.ts';
import { Refusal } from './refusal.ts';
import { activeRelease } from './releases.ts';
import { refuseWhileStillRead } from './still-read.ts';
import { countUnrestored } from './unrestored.ts';
import { retryLock } from '../warehouse/retry-lock.ts';
import type { Session } from '../warehouse/session.ts';
import { withTransaction } from '../warehouse/session.ts';
import { sql } from '../warehouse/sql.ts';
import { detachCapture, forgetReaders, shapeView } from '../warehouse/postgres/statements/elevated.ts';

/**
 * Removes what the ledger records for a run that no reader sees: view back to plain, capture detached, tables dropped
 * by the OID they were made with. A table of the same name that is not ours stays, and so does a snapshot that holds the only
 * copy of rows which the base lost.
 */
export async function removeArtifacts(
  session: Session,
  plan: BackfillPlan,
  options: { readonly keepSnapshot: boolean },
): Promise<Removed> {
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
  const kept = options.keepSnapshot ? undefined : await onlyCopy(session, plan);
  for (const artifact of artifacts) {
    if (artifact.kind === 'snapshot' && (options.keepSnapshot || kept !== undefined)) continue;
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
  await retryLock(() => session.rows(forgetReaders(plan)));
  for (const table of ['dirty_partitions', 'catch_ups', 'base_comparisons'])
    await session.change(sql(`DELETE FROM governance.${table} WHERE backfill_id = $1`, backfillId));
  return { dropped, ...(kept === undefined ? {} : { kept }) };
}

/** Why the snapshot must stay, whoever wants it gone. */
async function onlyCopy(session: Session, plan: BackfillPlan): Promise<string | undefined> {
  const partitions = await countUnrestored(session, plan);
  if (partitions === 0) return undefined;
  const snapshot = formatName(plan.snapshot);
  return `snapshot ${snapshot} is kept: in ${partitions} of the partitions of ${plan.dataset} into which corrected rows were moved, the base is not what it holds; restore them from it, then backfill doctor --remove ${plan.backfillId}`;
}
