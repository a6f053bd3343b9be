import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import type { Restated } from '../src/domain/envelope.ts';
import { beyondEnvelope } from '../src/domain/envelope.ts';
import { describeCheck, firstFailure } from '../src/domain/verdict.ts';
import { amendmentsSinceEvidence } from '../src/ledger/amendments.ts';
import { newestRunEvidence } from '../src/ledger/evidence.ts';
import type { Session } from '../src/warehouse/session.ts';
import { judgeRun } from './run-evidence.ts';

/**
 * Why the newest evidence no longer covers what live writes restated; null while it does. Inside the envelope the run is
 * judged again: an approval covers amendments only as long as every check still passes.
 */
export async function envelopeLeft(session: Session, plan: BackfillPlan): Promise<string | null> {
  const [evidence] = await session.rows<{ body: { totals: Record<string, string> } }>(
    newestRunEvidence(plan.backfillId),
  );
  if (evidence === undefined) return 'there is no evidence yet';
  const restated = await session.one<Restated>(amendmentsSinceEvidence(plan.backfillId));
  if (restated.partitions === 0) return null;
  const approved = { partitions: plan.partitions, totals: evidence.body.totals };
  const beyond = beyondEnvelope(restated, approved, plan.spec.publication.lateDrift);
  if (beyond !== null) return beyond;
  const { sums, checks } = await judgeRun(session, plan);
  // A batch that a newer write touched: it is rebuilt and judged first, and the switch refuses until then.
  if (sums.open > 0) return null;
  const failed = firstFailure(checks);
  return failed === undefined ? null : `after live writes the run fails ${describeCheck(failed)}`;
}
