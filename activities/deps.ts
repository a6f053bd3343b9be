import type pg from 'pg';
import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import type { Prices } from '../src/domain/estimate.ts';
import { readPlan } from '../src/ledger/runs.ts';
import type { ContractSource } from '../src/planning/read-documents.ts';
import type { Session } from '../src/warehouse/session.ts';
import { SHORT, withSession } from '../src/warehouse/session.ts';

/** Everything an activity may use, made once by the worker. */
export interface ActivityDeps {
  readonly pool: pg.Pool;
  readonly contracts: ContractSource;
  readonly reportsFolder: string;
  readonly prices: Prices | null;
  readonly now: () => Date;
}

/** A short session on ledger and catalogue. */
export function withLedger<T>(deps: ActivityDeps, use: (session: Session) => Promise<T>): Promise<T> {
  return withSession(deps.pool, SHORT, use);
}

export interface FrozenPlan {
  readonly plan: BackfillPlan;
  readonly planHash: string;
  readonly requestedBy: string;
}

/** The plan as it was frozen. A run without one was never planned in this warehouse. */
export async function loadPlan(session: Session, backfillId: string): Promise<FrozenPlan> {
  const [found] = await session.rows<FrozenPlan>(readPlan(backfillId));
  if (found === undefined) throw new Error(`the ledger of this warehouse has no plan for ${backfillId}`);
  return found;
}
