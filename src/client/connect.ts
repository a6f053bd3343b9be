import { Client, Connection } from '@temporalio/client';
import type { Config } from '../config/config.ts';
import type { TemporalConfig } from '../config/temporal-config.ts';
import { GRPC, grpcCode } from './grpc-code.ts';

/** An open connection; whoever opened it closes it. */
export interface Connected {
  readonly client: Client;
  readonly temporal: TemporalConfig;
  close(): Promise<void>;
}

/** A server on this machine or in the next room answers within milliseconds; one that does not is down or unreachable. */
const CONNECT_TIMEOUT_MS = 4_000;

/** How long any single call to the server may take. A worker that is there answers a query or an update within a second. */
export const ANSWER_DEADLINE_MS = 8_000;

/** Rejects with one sentence that names the address and the next step where no server answers. */
export async function connect({ temporal }: Pick<Config, 'temporal'>): Promise<Connected> {
  try {
    const connection = await Connection.connect({
      ...temporal.connectionOptions(),
      connectTimeout: CONNECT_TIMEOUT_MS,
    });
    const client = new Client({ connection, namespace: temporal.namespace });
    return { client, temporal, close: () => connection.close() };
  } catch (error) {
    throw Object.assign(new Error(describeConnectFailure(error, temporal), { cause: error }), { name: UNAVAILABLE });
  }
}

const UNAVAILABLE = 'TemporalUnavailable';

/** Whether `connect` failed: nothing was asked of any workflow. */
export function isUnavailable(error: unknown): error is Error {
  return error instanceof Error && error.name === UNAVAILABLE;
}

/** One call, bound in time: `withAnswerDeadline(client, () => handle.describe())`. */
export function withAnswerDeadline<T>(
  client: Client,
  call: () => Promise<T>,
  deadlineMs: number = ANSWER_DEADLINE_MS,
): Promise<T> {
  return client.withDeadline(Date.now() + deadlineMs, call);
}

const NAMED_BY: Readonly<Record<TemporalConfig['source'], string>> = {
  environment: 'named by TEMPORAL_ADDRESS or the Temporal profile file',
  stack: 'named by .backfill/stack.json',
  default: 'the default address; TEMPORAL_ADDRESS names another',
};

function describeConnectFailure(error: unknown, temporal: TemporalConfig): string {
  const where = `${temporal.address} (${NAMED_BY[temporal.source]})`;
  const code = grpcCode(error);
  if (code === GRPC.unauthenticated || code === GRPC.permissionDenied)
    return `the Temporal server at ${where} refuses this client; check TEMPORAL_API_KEY, the TLS settings and the namespace ${temporal.namespace}`;
  return `no Temporal server answers at ${where}; start one with: npm run up`;
}
