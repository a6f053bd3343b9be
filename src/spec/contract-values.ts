import type { MonitorExpectation } from '../domain/dataset-contract.ts';
import { PUBLIC_KEY } from '../domain/signed-approval.ts';
import { shareReader } from './quantities.ts';
import type { Reader } from './reader.ts';
import { textReader } from './reader.ts';
import { expressionProblem } from './sql-problems.ts';

/** An SQL file beside the contract. Whether it exists is looked at when the folder is read. */
export const sqlPathReader = pathReader('an SQL file', '.sql');

/** A file of figures beside it. */
export const csvPathReader = pathReader('a CSV file', '.csv');

function pathReader(what: string, ending: string): Reader<string> {
  const allowed = `a path inside the contracts folder that ends in ${ending}, relative to the contract`;
  return textReader(`a path of ${what}`, allowed, (text) => {
    if (!text.endsWith(ending) || /[\p{Cc}\\]/u.test(text)) return null;
    if (text.startsWith('/') || /^[A-Za-z]:/.test(text)) return { problem: 'an absolute path' };
    if (text.split('/').includes('..')) return { problem: 'a path that leaves the contracts folder' };
    return { value: text };
  });
}

/** A file that announcements are appended to, inside the folder of reports. */
export const announcementFileReader = textReader(
  'a path of a file',
  'a path inside the folder of reports that ends in .jsonl',
  (text) => {
    if (!text.endsWith('.jsonl') || /[\p{Cc}\\]/u.test(text)) return null;
    const leaves = text.startsWith('/') || /^[A-Za-z]:/.test(text) || text.split('/').includes('..');
    return leaves ? { problem: 'a path that leaves the folder of reports' } : { value: text };
  },
);

/** An SQL expression that is embedded in statements of the product. */
export const expressionReader = textReader('an SQL expression', 'one SQL expression over columns', (text) => {
  const problem = expressionProblem(text);
  return problem === null ? { value: text } : { problem };
});

/** A secret by the name of the environment variable that holds it. */
export const secretReader: Reader<string> = {
  ...textReader('a reference to a secret', 'env:NAME, the environment variable of the worker that holds it', (text) =>
    /^env:[A-Za-z_][A-Za-z0-9_]*$/.test(text) ? { value: text } : null,
  ),
  isConfidential: true,
};

export const publicKeyReader = textReader(
  'an ed25519 public key',
  'the line between BEGIN and END of what `openssl pkey -in key.pem -pubout` prints for an ed25519 key',
  (text) => (PUBLIC_KEY.test(text) ? { value: text } : null),
);

export const expectationReader = textReader<MonitorExpectation>(
  'an expectation',
  'equals_published, "within 0.1%", "within 5% of baseline", "psi < 0.2", "errors = 0" or "errors = 0, p95 within 3x"',
  (text) => {
    if (text === 'equals_published') return { value: { kind: 'equals_published' } };
    const within = /^within\s+(.+?)(?:\s+of\s+(published|baseline))?$/.exec(text);
    const share = within === null ? null : shareReader.read(within[1]);
    const of = within?.[2] === 'baseline' ? 'baseline' : 'published';
    if (share !== null && 'value' in share) return { value: { kind: 'within', percent: share.value, of } };
    const canary = /^errors\s*=\s*0(?:\s*,\s*p95\s+within\s+(\d{1,4}(?:\.\d{1,3})?)x)?$/.exec(text);
    if (canary !== null) {
      const times = canary[1] === undefined ? null : Number(canary[1]);
      return times === 0 ? null : { value: { kind: 'canary', latencyTimes: times } };
    }
    const psi = /^psi\s*<\s*(\d{1,3}(?:\.\d{1,9})?)$/.exec(text);
    const limit = Number(psi?.[1]);
    return limit > 0 ? { value: { kind: 'psi_below', limit } } : null;
  },
);

export const probeUrlReader: Reader<string> = {
  ...textReader('a URL', 'an http or https URL without user name and password', (text) => {
    if (!URL.canParse(text)) return null;
    const url = new URL(text);
    if (url.protocol !== 'http:' && url.protocol !== 'https:') return null;
    const hasSecret = url.username !== '' || url.password !== '';
    return hasSecret ? { problem: 'a URL with a secret in it (use header: "env:NAME")' } : { value: text };
  }),
  isConfidential: true,
};

/** `$.total_entries`, `$.runs[0].state`: fields and list places, from the root of the answer. */
export const answerPathReader = textReader('a path into the answer', '$.field, $.field[0].field', (text) =>
  /^\$(\.[A-Za-z_]\w*|\[\d{1,6}\])*$/.test(text) ? { value: text } : null,
);

export const conditionReader: Reader<string> = textReader(
  'a condition',
  'a comparison such as "> 0", "= true" or "!= \'idle\'"',
  (text) => (/^(=|!=|<|<=|>|>=)\s*(-?\d+(\.\d+)?|true|false|'[^']*')$/.test(text) ? { value: text } : null),
);
