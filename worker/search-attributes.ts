import type { NativeConnection } from '@temporalio/worker';
import { SEARCH_ATTRIBUTES } from '../src/protocol/search-attributes.ts';

export type SearchAttributesFound =
  { readonly known: true } | { readonly known: false; /** For people. */ readonly reason: string };

type OperatorConnection = Pick<NativeConnection, 'operatorService' | 'withDeadline'>;

/** Numbers of `temporal.api.enums.v1.IndexedValueType`. */
const INDEXED_AS = { KEYWORD: 2, INT: 3, DATETIME: 6 } as const;
const EXPECTED = Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => ({ name, type, number: INDEXED_AS[type] }));

const DEADLINE_MS = 10_000;
/** gRPC codes of a server that will not, or cannot: not a reason to do no work. */
const REFUSALS: Readonly<Record<number, string>> = {
  3: 'it has no place left for them, or refuses a name',
  7: 'this worker may not register them',
  12: 'it has no operator service',
  16: 'this worker may not register them',
};
const ALREADY_EXISTS = 6;

/**
 * Looks up the attributes that runs are listed by and registers those that are missing. A run must never set one that the
 * namespace does not know: its workflow task would fail for ever. Rejects where the server cannot be asked at all.
 */
export async function ensureSearchAttributes(
  connection: OperatorConnection,
  namespace: string,
): Promise<SearchAttributesFound> {
  try {
    const before = await lookUp(connection, namespace);
    if (before.missing.length > 0 && before.differing.length === 0)
      await register(connection, namespace, before.missing);
    const { missing, differing } = await lookUp(connection, namespace);
    const wrong = [...differing, ...missing.map(({ name }) => `${name} is missing`)];
    return wrong.length === 0 ? { known: true } : unknown(namespace, wrong.join(', '));
  } catch (error) {
    const reason = REFUSALS[codeOf(error)];
    if (reason === undefined) throw error;
    return unknown(namespace, reason);
  }
}

function unknown(namespace: string, why: string): SearchAttributesFound {
  const all = EXPECTED.map(({ name, type }) => `--name ${name} --type ${cliType(type)}`).join(' ');
  return {
    known: false,
    reason: `runs set no search attributes, because namespace ${namespace} does not have them: ${why}. To have them: temporal operator search-attribute create --namespace ${namespace} ${all}, then start the worker again`,
  };
}

function cliType(type: string): string {
  return `${type.slice(0, 1)}${type.slice(1).toLowerCase()}`;
}

type Expected = (typeof EXPECTED)[number];

async function lookUp(
  connection: OperatorConnection,
  namespace: string,
): Promise<{ missing: Expected[]; differing: string[] }> {
  const { customAttributes: found } = await connection.withDeadline(Date.now() + DEADLINE_MS, () =>
    connection.operatorService.listSearchAttributes({ namespace }),
  );
  return {
    missing: EXPECTED.filter(({ name }) => found[name] === undefined),
    differing: EXPECTED.filter(
      ({ name, number }) => found[name] !== undefined && Number(found[name]) !== Number(number),
    ).map(({ name, type }) => `${name} is of another type than ${cliType(type)}`),
  };
}

async function register(connection: OperatorConnection, namespace: string, missing: Expected[]): Promise<void> {
  const searchAttributes = Object.fromEntries(missing.map(({ name, number }) => [name, number]));
  try {
    await connection.withDeadline(Date.now() + DEADLINE_MS, () =>
      connection.operatorService.addSearchAttributes({ namespace, searchAttributes }),
    );
  } catch (error) {
    // Another worker that started at the same moment was quicker.
    if (codeOf(error) !== ALREADY_EXISTS) throw error;
  }
}

function codeOf(error: unknown): number {
  const { code } = error as { code?: unknown };
  return typeof code === 'number' ? code : -1;
}
