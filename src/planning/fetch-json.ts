/** The text behind `env:NAME`; null where the variable is not set in this process. */
export type SecretOf = (reference: string) => { reveal(): string } | null;

/** An address that answers later than this is as good as silent. */
export const ANSWER_TIMEOUT_MS = 2_000;
/** What is longer is not the answer that was asked for. */
const ANSWER_BYTES = 1_048_576;

export interface JsonRequest {
  readonly url: string;
  /** `env:NAME` of a header line such as `X-Api-Key: …`, or of the value of Authorization alone: `Bearer …`. */
  readonly header: string | null;
  /** The field of the contract that names the header, for people. */
  readonly field: string;
}

/**
 * One GET that answers JSON. Throws an Error with a sentence for people; the header's text is in none of them. A redirect
 * is not followed: it could carry the header away.
 */
export async function fetchJson(request: JsonRequest, secretOf: SecretOf): Promise<unknown> {
  const headers = { accept: 'application/json', ...headerOf(request, secretOf) };
  const text = await fetchText(request.url, headers);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Error('its answer is no JSON', { cause: error });
  }
}

function headerOf({ header, field }: JsonRequest, secretOf: SecretOf): Record<string, string> {
  if (header === null) return {};
  const line = secretOf(header)?.reveal().trim();
  const variable = header.replace(/^env:/, '');
  if (line === undefined)
    throw new Error(
      `the environment variable ${variable}, which ${field} of the contract names, is not set; set it for the worker and start it again`,
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
    const response = await fetch(url, { headers, redirect: 'manual', signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
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
  if (error.name === 'TimeoutError') return `it does not answer within ${ANSWER_TIMEOUT_MS / 1000} s`;
  const cause = error.cause as { code?: string; message?: string } | undefined;
  return cause === undefined ? error.message : `it cannot be reached (${cause.code ?? cause.message ?? error.message})`;
}
