import type { BackfillPlan } from '../domain/backfill-plan.ts';
import { formatName } from '../domain/names.ts';
import { olderSnapshots } from '../warehouse/postgres/statements/older-snapshots.ts';
import type { Session } from '../warehouse/session.ts';
import { Refusal } from './refusal.ts';

/** Somebody reads what the pointer showed before; it is over by itself, whenever their transaction is. */
export class StillRead extends Refusal {}

/**
 * A plain view does not look at the pointer: whoever began while the overlay was shown, in a transaction with one snapshot,
 * would see the base table as it was before its rows were moved, or rolled back to, in the midst of the transaction.
 */
export async function refuseWhileStillRead(session: Session, plan: BackfillPlan): Promise<void> {
  const readers = await session.rows<{ who: string }>(olderSnapshots(plan.dataset));
  if (readers.length === 0) return;
  throw new StillRead(
    `${formatName(plan.view)} stays as it is until those have ended who may still read what it showed before: ${readers.map(({ who }) => who).join(', ')}; nobody is stopped`,
  );
}
