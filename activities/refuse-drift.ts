import { ApplicationFailure } from '@temporalio/common';
import pg from 'pg';
import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import { formatName } from '../src/domain/names.ts';
import { describeDrift } from '../src/domain/schema-drift.ts';
import { activeRelease } from '../src/ledger/releases.ts';
import { lookForDrift } from '../src/planning/look-for-drift.ts';
import type { FailureType } from '../src/protocol/failures.ts';
import type { Session } from '../src/warehouse/session.ts';
import { failure } from './activity-failure.ts';
import type { ActivityDeps } from './deps.ts';
import { withLedger } from './deps.ts';

const DRIFTED: FailureType = 'SchemaDrift';

/**
 * Holds the run where base table or view are no longer those of the plan: nothing is built on, compared with or published
 * over another table than the one that was reviewed. Once readers see the release, a new column of the base harms none of
 * them and holds nothing; it is answered in words, else null.
 */
export async function refuseDrift(session: Session, plan: BackfillPlan): Promise<string | null> {
  const drift = await lookForDrift(session, plan);
  if (drift === null) return null;
  const active = await session.one<{ backfillId: string | null }>(activeRelease(plan.dataset));
  const isPublished = active.backfillId === plan.backfillId;
  const reason = describeDrift(drift, { backfillId: plan.backfillId, table: formatName(plan.table), isPublished });
  if (isPublished && drift.changes.length === 0) return reason;
  throw failure(DRIFTED, reason);
}

/** A statement that the server refuses because the table is another by now: that is said, not the column that it missed. Null where it is not so. */
export async function whyDrifted(deps: ActivityDeps, plan: BackfillPlan, error: unknown): Promise<Error | null> {
  if (!(error instanceof pg.DatabaseError) || !/^(22|23|42|55000)/.test(error.code ?? '')) return null;
  try {
    await withLedger(deps, (session) => refuseDrift(session, plan));
  } catch (drift) {
    // Whatever else keeps it from looking, the error at hand is the one to tell.
    if (drift instanceof ApplicationFailure && drift.type === DRIFTED) return drift;
  }
  return null;
}
