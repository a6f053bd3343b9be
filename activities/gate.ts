import { setTimeout as delay } from 'node:timers/promises';
import type { BackfillState } from '../src/domain/backfill-state.ts';
import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import type { GateDecision, GateReadings } from '../src/domain/gate.ts';
import { decideGate } from '../src/domain/gate.ts';
import { spentToday } from '../src/ledger/spending.ts';
import { bindNamed } from '../src/spec/sql-parameters.ts';
import { SHORT, withReadOnly, withSession } from '../src/warehouse/session.ts';
import { sql } from '../src/warehouse/sql.ts';
import type { ActivityDeps } from './deps.ts';
import { withLedger } from './deps.ts';

/** A reading stays good for this long: the gate is asked before each partition, partitions may take milliseconds. */
const FRESH_MS = 500;
const PROBE_TRIES = 3;
const PROBE_TIMEOUT_MS = 2_000;

export interface Gate {
  ask(): Promise<GateDecision>;
}

/** Looks at the live pipeline, the day's budget and the pause windows. What cannot be seen is closed. */
export function createGate(deps: ActivityDeps, plan: BackfillPlan, limits: BackfillState['limits']): Gate {
  let last: { at: number; decision: GateDecision } | null = null;
  return {
    ask: async () => {
      if (last !== null && Date.now() - last.at < FRESH_MS) return last.decision;
      const decision = decideGate(await readGate(deps, plan, limits));
      last = { at: Date.now(), decision };
      return decision;
    },
  };
}

async function readGate(
  deps: ActivityDeps,
  plan: BackfillPlan,
  limits: BackfillState['limits'],
): Promise<GateReadings> {
  const { bytes } = await withLedger(deps, (session) => session.one<{ bytes: number }>(spentToday(plan.backfillId)));
  return {
    pipeline: await readPipeline(deps, plan),
    bytesToday: bytes,
    dailyBytesBudget: limits.dailyBytesBudget,
    pauseWindows: plan.spec.execution.pauseWindows,
    nowIso: deps.now().toISOString(),
  };
}

async function readPipeline(deps: ActivityDeps, plan: BackfillPlan): Promise<GateReadings['pipeline']> {
  const { probe } = plan;
  if (probe === null || !plan.spec.execution.pauseDuringLivePipeline) return { kind: 'notAsked' };
  let error = 'it answers no row';
  for (let attempt = 1; attempt <= PROBE_TRIES; attempt += 1) {
    try {
      const settings = { ...SHORT, applicationName: 'backfill/probe', statementTimeoutMs: PROBE_TIMEOUT_MS };
      const [row] = await withSession(deps.pool, settings, (session) =>
        withReadOnly(session, () =>
          session.rows<{ running: boolean | null; since: Date | null; name: string | null }>(
            sql(`SELECT running, since, name FROM (\n${bindNamed(probe.text, []).text}\n) probe LIMIT 1`),
          ),
        ),
      );
      if (row?.running === true)
        return { kind: 'running', name: row.name ?? 'unnamed', since: row.since?.toISOString() ?? 'unknown' };
      if (row?.running === false) return { kind: 'idle' };
    } catch (thrown) {
      error = thrown instanceof Error ? thrown.message : String(thrown);
    }
    if (attempt < PROBE_TRIES) await delay(100 * attempt);
  }
  return { kind: 'unknown', error: `${probe.file}: ${error}` };
}
