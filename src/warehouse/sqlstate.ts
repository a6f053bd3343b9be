import type { FailureType } from '../protocol/failures.ts';

/** By statement_timeout, or by somebody: also by ourselves. */
export const STATEMENT_CANCELLED = '57014';

/** What each SQLSTATE, or its two-digit class, means for the work that met it. First match wins. */
const BY_CODE: readonly (readonly [prefix: string, failure: FailureType])[] = [
  [STATEMENT_CANCELLED, 'QueryTimeout'],
  ['55P03', 'LockNotAvailable'],
  ['55006', 'LockNotAvailable'], // object in use: not caught up yet
  ['40001', 'SerializationConflict'],
  ['40P01', 'SerializationConflict'],
  ['25006', 'WarehouseUnavailable'], // read-only: a failover is under way
  ['57P', 'WarehouseUnavailable'], // shutdown, crash recovery
  ['08', 'WarehouseUnavailable'],
  ['53', 'WarehouseUnavailable'], // out of disk, memory or connections
  ['42501', 'MissingPrivilege'],
  ['23', 'DataRefused'],
  ['22', 'DataRefused'],
];

/** Errors of the socket, before any SQLSTATE exists. */
const NETWORK = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'EAI_AGAIN',
  'ENOENT',
];

export function failureOf(code: string | undefined, message: string): FailureType {
  if (code === undefined || NETWORK.includes(code))
    return code !== undefined || /connection|terminat|timeout expired/i.test(message)
      ? 'WarehouseUnavailable'
      : 'StatementRefused';
  return BY_CODE.find(([prefix]) => code.startsWith(prefix))?.[1] ?? 'StatementRefused';
}
