import type { LedgerRun } from '../ledger/runs.ts';
import { findRun, listRuns } from '../ledger/runs.ts';
import type { Session } from '../warehouse/session.ts';
import { commandError } from './command-result.ts';
import { EXIT } from './exit-codes.ts';
import { describeUnknown } from './with-temporal.ts';

/** A run as the ledger has it; an id that it does not know is bad input, answered with those it knows. */
export async function recordedRun(session: Session, backfillId: string): Promise<LedgerRun> {
  const [run] = await session.rows<LedgerRun>(findRun(backfillId));
  if (run !== undefined) return run;
  const known = await session.rows<LedgerRun>(listRuns());
  const ids = known.map((one) => one.backfillId);
  throw commandError(EXIT.badInput, describeUnknown(backfillId, ids));
}
