import type pg from 'pg';
import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import type { Prices } from '../src/domain/price.ts';
import { Refusal } from '../src/ledger/refusal.ts';
import type { FrozenRun } from '../src/ledger/runs.ts';
import { readPlan } from '../src/ledger/runs.ts';
import type { SecretOf } from '../src/planning/http-probe.ts';
import type { ContractSource } from '../src/planning/read-documents.ts';
import type { Session, SessionSettings } from '../src/warehouse/session.ts';
import { SHORT, withSession } from '../src/warehouse/session.ts';

/** Everything an activity may use, made once by the worker. */
export interface ActivityDeps {
  readonly pool: pg.Pool;
  readonly contracts: ContractSource;
  readonly reportsFolder: string;
  readonly prices: Prices | null;
  /** The secret behind `env:NAME`; null where this worker's environment has none. */
  readonly secret: SecretOf;
  /** The namespace knows the search attributes of runs; without them a run does not set any. */
  readonly searchAttributes?: boolean;
  readonly now: () => Date;
}

/** A short session on ledger and catalogue. */
export function withLedger<T>(deps: ActivityDeps, use: (session: Session) => Promise<T>): Promise<T> {
  return withSession(deps.pool, SHORT, use);
}

/** For the proofs: temporary tables only, so it waits for nobody long. */
export function proofSession(plan: BackfillPlan): SessionSettings {
  return {
    applicationName: `backfill/${plan.backfillId}/proof`,
    statementTimeoutMs: plan.spec.execution.queryTimeoutMs,
    lockTimeoutMs: 2_000,
  };
}

/** The plan in force, as it was frozen or replanned. A run without one was never planned in this warehouse. */
export async function loadPlan(session: Session, backfillId: string): Promise<FrozenRun> {
  const [found] = await session.rows<FrozenRun>(readPlan(backfillId));
  if (found === undefined) throw new Refusal(`the ledger of this warehouse has no plan for ${backfillId}`);
  return found;
}
