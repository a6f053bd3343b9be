import type { PlannedProbe } from '../domain/backfill-plan.ts';
import type { ProbeAnswer } from '../domain/probe-answer.ts';
import { probeName } from '../domain/probe-answer.ts';
import { bindNamed } from '../spec/sql-parameters.ts';
import type { Session } from '../warehouse/session.ts';
import { withReadOnly } from '../warehouse/session.ts';
import { sql } from '../warehouse/sql.ts';
import type { SecretOf } from './http-probe.ts';
import { askHttpProbe, PROBE_TIMEOUT_MS } from './http-probe.ts';

export interface ProbeSurroundings {
  /** Runs a SQL probe; read-only and short is up to the caller. */
  readonly inSession: <T>(use: (session: Session) => Promise<T>) => Promise<T>;
  readonly secretOf: SecretOf;
}

/** Asks the live pipeline's probe once. Throws where the answer does not tell whether the pipeline runs. */
export function askProbe(probe: PlannedProbe, { inSession, secretOf }: ProbeSurroundings): Promise<ProbeAnswer> {
  return 'file' in probe ? inSession((session) => askSqlProbe(session, probe.text)) : askHttpProbe(probe, secretOf);
}

async function askSqlProbe(session: Session, text: string): Promise<ProbeAnswer> {
  const [row] = await session.rows<{ running: boolean | null; since: Date | null; name: string | null }>(
    sql(`SELECT running, since, name FROM (\n${bindNamed(text, []).text}\n) probe LIMIT 1`),
  );
  if (row === undefined) throw new Error('it answers no row');
  if (row.running === null) throw new Error('its column running is NULL');
  return { running: row.running, name: row.name, since: row.since?.toISOString() ?? null };
}

/** A probe that cannot be asked keeps the gate closed for ever: better to hear of it before anything is written. */
export async function probeReasons(
  session: Session,
  probe: PlannedProbe | null,
  secretOf: SecretOf,
): Promise<readonly string[]> {
  if (probe === null) return [];
  const inSession: ProbeSurroundings['inSession'] = (use) =>
    withReadOnly(session, async () => {
      await session.change(sql(`SET LOCAL statement_timeout = ${PROBE_TIMEOUT_MS}`));
      return use(session);
    });
  try {
    await askProbe(probe, { inSession, secretOf });
    return [];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [
      `the probe of the live pipeline (${probeName(probe)}) cannot be asked: ${reason}; correct live_pipeline in the contract, or set execution.pause_during_live_pipeline to false if the build may run beside the pipeline`,
    ];
  }
}
