import type { FailureType } from '../protocol/failures.ts';

/** By statement_timeout, or by somebody: also by ourselves. `timedOutAfterMs` tells which. */
export const STATEMENT_CANCELLED = '57014';

export function isCancelled(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === STATEMENT_CANCELLED;
}

export const DISK_FULL = '53100';

/** What each SQLSTATE, or its two-digit class, means for the work that met it. First match wins. */
const BY_CODE: readonly (readonly [prefix: string, failure: FailureType])[] = [
  [STATEMENT_CANCELLED, 'StatementCancelled'],
  ['55P03', 'LockNotAvailable'],
  ['55006', 'LockNotAvailable'], // object in use: not caught up yet
  ['40001', 'SerializationConflict'],
  ['40P01', 'SerializationConflict'],
  ['25006', 'WarehouseUnavailable'], // read-only: a failover is under way
  ['25P03', 'WarehouseUnavailable'], // we said nothing for too long inside a transaction, and the session is gone
  ['25P04', 'WarehouseUnavailable'], // the same by an administrator's transaction_timeout
  ['57P01', 'WarehouseUnavailable'], // an administrator ended the session, or the server
  ['57P02', 'WarehouseUnavailable'], // another backend crashed
  ['57P03', 'WarehouseUnavailable'], // starting up, shutting down, in recovery
  ['57P05', 'WarehouseUnavailable'], // idle for longer than the server allows
  ['08', 'WarehouseUnavailable'],
  [DISK_FULL, 'DiskFull'],
  ['53', 'WarehouseUnavailable'], // out of memory or connections, or a limit of the server's configuration
  ['42501', 'MissingPrivilege'],
  ['23', 'DataRefused'],
  ['22', 'DataRefused'],
];

/** Errors of the socket, before any SQLSTATE exists. */
const NETWORK = [
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
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
