import { describeBackfill } from '../../client/describe-backfill.ts';
import type { BackfillPlan } from '../../domain/backfill-plan.ts';
import { insertEvent } from '../../ledger/events.ts';
import { latestRelease } from '../../ledger/releases.ts';
import type { LedgerRun } from '../../ledger/runs.ts';
import { findActiveRun, readPlan, setRunStatus } from '../../ledger/runs.ts';
import { removeArtifacts } from '../../ledger/remove-artifacts.ts';
import type { Session } from '../../warehouse/session.ts';
import { withTransaction } from '../../warehouse/session.ts';
import type { CommandResult } from '../command-result.ts';
import { commandError } from '../command-result.ts';
import { EXIT } from '../exit-codes.ts';
import { recordedRun } from '../recorded-run.ts';
import { loadSettings } from '../settings.ts';
import type { Surroundings } from '../surroundings.ts';
import { withTemporal } from '../with-temporal.ts';
import { withWarehouse } from '../with-warehouse.ts';

interface Release {
  readonly releaseId: string;
  readonly state: string;
  readonly consolidatedAt: Date | null;
}

/** Removes what a run left whose workflow is gone: capture, armed view, tables by their OIDs. The evidence stays. */
export async function removeLeftBehind(backfillId: string, surroundings: Surroundings): Promise<CommandResult> {
  const { config } = loadSettings(surroundings, ['warehouse']);
  await withTemporal(config, async (client) => {
    if ((await describeBackfill(client, backfillId))?.isRunning !== true) return;
    throw commandError(
      EXIT.badInput,
      `the workflow of ${backfillId} is running; it cleans up itself: backfill abort ${backfillId} --reason "<why>"`,
    );
  });
  return withWarehouse(config, async (session) => {
    const run = await removableRun(session, backfillId, surroundings.now);
    const { plan } = await session.one<{ plan: BackfillPlan }>(readPlan(backfillId));
    const { dropped, kept } = await removeArtifacts(session, plan, { keepSnapshot: false });
    const status = run.endsAs;
    const ended = run.endedAt === null;
    if (ended) await recordEnd(session, backfillId, status, surroundings);
    const lines = dropped.length === 0 ? ['nothing was left to drop'] : dropped.map((one) => `dropped ${one}`);
    if (kept !== undefined) lines.push(kept);
    const text = [`${backfillId}:`, ...lines, ...(ended ? [`the ledger says ${status}; its evidence is kept`] : [])];
    return {
      exitCode: kept === undefined ? EXIT.done : EXIT.waiting,
      text: text.join('\n  '),
      json: { backfillId, dropped, kept: kept ?? null, status: ended ? status : run.status },
    };
  });
}

async function removableRun(
  session: Session,
  backfillId: string,
  now: Surroundings['now'],
): Promise<LedgerRun & { readonly endsAs: 'aborted' | 'closed' | 'completed' }> {
  const run = await recordedRun(session, backfillId);
  const [release] = await session.rows<Release>(latestRelease(backfillId));
  if (release?.state === 'published')
    throw commandError(
      EXIT.badInput,
      `consumers read release ${release.releaseId} of ${backfillId}; nothing was removed. Start it again with its spec, which takes up the watch, or roll it back first: backfill status ${backfillId} prints the statement`,
    );
  const keptUntil = release?.state === 'consolidated' ? await retentionEnd(session, backfillId, release) : null;
  if (keptUntil !== null && keptUntil > now())
    throw commandError(
      EXIT.badInput,
      `the rows of ${backfillId} are in the base table, and its snapshot, the only copy of the old ones, is kept until ${keptUntil.toISOString()}; nothing was removed. Start it again with its spec and overrides, which waits for that moment and cleans up`,
    );
  const [open] = await session.rows<LedgerRun>(findActiveRun(run.dataset));
  if (open !== undefined && open.backfillId !== backfillId)
    throw commandError(
      EXIT.badInput,
      `${open.backfillId} (${open.status}) is at work on ${run.dataset} and may have armed its view; nothing was removed. Try again when it has ended`,
    );
  return {
    ...run,
    endsAs: release === undefined ? 'aborted' : release.state === 'consolidated' ? 'completed' : 'closed',
  };
}

/** When the snapshot of a consolidated run may go. */
async function retentionEnd(session: Session, backfillId: string, release: Release): Promise<Date | null> {
  const { plan } = await session.one<{ plan: BackfillPlan }>(readPlan(backfillId));
  const { consolidatedAt } = release;
  return consolidatedAt && new Date(consolidatedAt.getTime() + plan.spec.rollback.retainAfterSignOffMs);
}

async function recordEnd(
  session: Session,
  backfillId: string,
  status: string,
  { user, now }: Surroundings,
): Promise<void> {
  await withTransaction(session, async () => {
    await session.change(setRunStatus(backfillId, status, now().toISOString(), true));
    await session.change(insertEvent(backfillId, 'removed after its workflow was gone', user ?? 'unknown', { status }));
  });
}
