import { setTimeout as delay } from 'node:timers/promises';
import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import type { GateReadings } from '../src/domain/gate.ts';
import { probeName } from '../src/domain/probe-answer.ts';
import { askProbe } from '../src/planning/ask-probe.ts';
import { PROBE_TIMEOUT_MS } from '../src/planning/http-probe.ts';
import { SHORT, withReadOnly, withSession } from '../src/warehouse/session.ts';
import type { ActivityDeps } from './deps.ts';

const PROBE_TRIES = 3;
const PAUSE_MS = 100;

/** Asks whether the live pipeline runs. What three tries cannot tell is unknown, with the reason of the last one. */
export async function readPipeline(
  deps: Pick<ActivityDeps, 'pool' | 'secret'>,
  { probe, spec }: Pick<BackfillPlan, 'probe' | 'spec'>,
): Promise<GateReadings['pipeline']> {
  if (probe === null || !spec.execution.pauseDuringLivePipeline) return { kind: 'notAsked' };
  const settings = { ...SHORT, applicationName: 'backfill/probe', statementTimeoutMs: PROBE_TIMEOUT_MS };
  let error = '';
  for (let attempt = 1; attempt <= PROBE_TRIES; attempt += 1) {
    try {
      const { running, name, since } = await askProbe(probe, {
        inSession: (use) => withSession(deps.pool, settings, (session) => withReadOnly(session, () => use(session))),
        secretOf: deps.secret,
      });
      return running ? { kind: 'running', name: name ?? 'unnamed', since } : { kind: 'idle' };
    } catch (thrown) {
      error = thrown instanceof Error ? thrown.message : String(thrown);
    }
    if (attempt < PROBE_TRIES) await delay(PAUSE_MS * attempt);
  }
  return { kind: 'unknown', error: `${probeName(probe)}: ${error}` };
}
