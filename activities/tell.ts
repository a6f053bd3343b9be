import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { slackMessage } from '../src/domain/announcement-text.ts';
import type { DueDelivery } from '../src/ledger/deliveries.ts';
import type { ActivityDeps } from './deps.ts';

/** Its row is held meanwhile, in a transaction that the server ends after ten seconds of silence. */
const ANSWER_MS = 5_000;

/** One announcement to one target. Throws an Error with a sentence for people, in which no address stands. */
export async function tell(
  { secret, reportsFolder }: Pick<ActivityDeps, 'secret' | 'reportsFolder'>,
  due: DueDelivery,
  lines: readonly string[],
  key: string,
): Promise<void> {
  if (due.target.startsWith('file:'))
    return append(join(reportsFolder, due.target.slice('file:'.length)), due, lines, key);
  const variable = due.target.replace(/^env:/, '');
  const url = secret(due.target)?.reveal().trim();
  if (url === undefined)
    throw new Error(`the environment variable ${variable} is not set; set it for the worker and start it again`);
  if (!/^https?:/.test(url) || !URL.canParse(url))
    throw new Error(`the environment variable ${variable} holds no http or https address`);
  await post(url, lines, key);
}

async function post(url: string, lines: readonly string[], key: string): Promise<void> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(slackMessage(lines)),
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    await response.body?.cancel();
  } catch (error) {
    throw new Error(unreachable(error), { cause: error });
  }
  if (!response.ok) throw new Error(`it answers with status ${response.status}`);
}

/** The message of a failed fetch may hold the address; its code does not. */
function unreachable(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError')
    return `it does not answer within ${ANSWER_MS / 1_000} s`;
  const { code } = ((error as Error).cause ?? {}) as { code?: string };
  return `it cannot be reached${code === undefined ? '' : ` (${code})`}`;
}

/** One JSON object a line. What a worker wrote before it died is not written again. */
async function append(path: string, due: DueDelivery, lines: readonly string[], key: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    if ((await textOf(path)).includes(`"key":"${key}"`)) return;
    const { kind, body, createdAt } = due;
    const line = JSON.stringify({ key, kind, at: createdAt.toISOString(), text: lines.join('\n'), body });
    await appendFile(path, `${line}\n`, { mode: 0o600 });
  } catch (error) {
    throw new Error(`it cannot be written (${(error as { code?: string }).code ?? 'unknown'})`, { cause: error });
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return '';
    throw error;
  }
}
