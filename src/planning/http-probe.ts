import type { HttpProbe } from '../domain/backfill-plan.ts';
import type { ProbeAnswer } from '../domain/probe-answer.ts';
import { judgeAnswer, probeName } from '../domain/probe-answer.ts';
import type { SecretOf } from './fetch-json.ts';
import { ANSWER_TIMEOUT_MS, fetchJson } from './fetch-json.ts';

export type { SecretOf } from './fetch-json.ts';

/** The gate is asked before each partition. */
export const PROBE_TIMEOUT_MS = ANSWER_TIMEOUT_MS;

/** One GET at an orchestrator's API. Throws an Error with a sentence for people where the answer does not tell whether the pipeline runs. */
export async function askHttpProbe(probe: HttpProbe, secretOf: SecretOf): Promise<ProbeAnswer> {
  const { url, header } = probe;
  const answer = await fetchJson({ url, header, field: 'live_pipeline.http.header' }, secretOf);
  const judged = judgeAnswer(answer, probe.path, probe.runningWhen);
  if ('problem' in judged) throw new Error(judged.problem);
  return { running: judged.running, name: `at ${probeName(probe)}`, since: null };
}
