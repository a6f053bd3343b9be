import type { HttpProbe } from '../domain/backfill-plan.ts';
import type { ProbeAnswer } from '../domain/probe-answer.ts';
import { judgeAnswer, probeName } from '../domain/probe-answer.ts';

/** The text behind `env:NAME`; null where the variable is not set in this process. */
export type SecretOf = (reference: string) => { reveal(): string } | null;

/** An orchestrator that answers later than this is as good as silent; the gate is asked before each partition. */
export const PROBE_TIMEOUT_MS = 2_000;
/** A list of runs has some kilobytes; what is longer is not the answer that was asked for. */
const ANSWER_BYTES = 1_048_576;

/**
 * One GET at an orchestrator's API. Throws an Error with a sentence for people where the answer does not tell whether
 * the pipeline runs; the header's text is in none of them. A redirect is not followed: it could carry the header away.
 */
export async function askHttpProbe(probe: HttpProbe, secretOf: SecretOf): Promise<ProbeAnswer> {
  const headers = { accept: 'application/json', ...authorization(probe, secretOf) };
  const text = await fetchText(probe.url, headers);
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (error) {
    throw new Error('its answer is no JSON', { cause: error });
  }
  const judged = judgeAnswer(answer, probe.path, probe.runningWhen);
  if ('problem' in judged) throw new Error(judged.problem);
  return { running: judged.running, name: `at ${probeName(probe)}`, since: null };
}

/** The variable holds a header line such as `X-Api-Key: …`, or the value of Authorization alone: `Bearer …`. */
function authorization({ header }: HttpProbe, secretOf: SecretOf): Record<string, string> {
  if (header === null) return {};
  const line = secretOf(header)?.reveal().trim();
  const variable = header.replace(/^env:/, '');
  if (line === undefined)
    throw new Error(
      `the environment variable ${variable}, which live_pipeline.http.header of the contract names, is not set; set it for the worker and start it again`,
    );
  const [, name = 'Authorization', value = line] = /^([\w!#$%&'*+.^`|~-]+):\s*(.*)$/.exec(line) ?? [];
  if (/[^\t\x20-\x7e]/.test(value))
    throw new Error(
      `the environment variable ${variable} holds characters that an HTTP header cannot have; it must be one line of ASCII`,
    );
  return { [name]: value };
}

async function fetchText(url: string, headers: Record<string, string>): Promise<string> {
  try {
    const response = await fetch(url, { headers, redirect: 'manual', signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`it answers with status ${response.status} instead of 200`);
    }
    return await limitedText(response);
  } catch (error) {
    throw new Error(reasonOf(error), { cause: error });
  }
}

async function limitedText({ body }: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of (body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += part.byteLength;
    if (bytes > ANSWER_BYTES) throw new Error(`its answer is longer than ${ANSWER_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** `fetch` says "fetch failed" and keeps the reason as its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `it does not answer within ${PROBE_TIMEOUT_MS / 1000} s`;
  const cause = error.cause as { code?: string; message?: string } | undefined;
  return cause === undefined ? error.message : `it cannot be reached (${cause.code ?? cause.message ?? error.message})`;
}
