import { CancelledFailure } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { FailureType } from '../src/protocol/failures.ts';
import { FAILURES } from '../src/protocol/failures.ts';
import { Refusal } from '../src/ledger/refusal.ts';
import { failureOf } from '../src/warehouse/sqlstate.ts';
import { timedOutAfterMs } from '../src/warehouse/statement-timeout.ts';
import { diskFullReason } from './disk-full.ts';

/** Once may be a busy hour, twice bad luck; what does not end in three tries would cost a fourth timeout for nothing. */
export const TIMEOUT_TRIES = 3;
/** About a minute, at half a second growing to three. */
export const UNEXPECTED_TRIES = 20;
export const WHAT_TO_DO =
  'retry when the warehouse is quieter, or abort and start anew with a longer execution.query_timeout';

/**
 * Turns whatever an activity threw into the one failure the workflow understands. The SQLSTATE decides, and for a
 * statement that ran out of time which attempt it was: partitions are counted in the ledger, all else by Temporal.
 */
export function toActivityFailure(error: unknown, attempt = 1): Error {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  const known = error as { code?: string; message?: string; detail?: string; hint?: string };
  const code = typeof known.code === 'string' ? known.code : undefined;
  const message = [known.message ?? String(error), known.detail, known.hint]
    .filter((part) => part !== undefined && part !== '')
    .join('; ');
  const timeoutMs = timedOutAfterMs(error);
  if (timeoutMs !== null) return outOfTime(message, timeoutMs, attempt, error);
  const type = isDatabaseError(error) || isNetworkCode(code) ? failureOf(code, message) : connectionLost(message);
  if (type === 'DiskFull') return failure(type, diskFullReason(error) ?? message, { cause: error });
  if (error instanceof Refusal) return failure('StatementRefused', message, { cause: error });
  if (type === null) return unexpected(message, attempt, error);
  return failure(type, code === undefined ? message : `${message} [${code}]`, { cause: error });
}

export interface FailureOptions {
  readonly cause?: unknown;
  readonly details?: readonly unknown[];
  /** Where this one differs from what is usual for its type. */
  readonly retry?: boolean;
  /** Where trying again makes no sense sooner. */
  readonly nextRetryMs?: number;
}

export function failure(type: FailureType, message: string, options: FailureOptions = {}): ApplicationFailure {
  const { cause, details, retry = FAILURES[type].retry, nextRetryMs } = options;
  return ApplicationFailure.create({
    type,
    message,
    nonRetryable: !retry,
    ...(details === undefined ? {} : { details: [...details] }),
    // Who knows when to look again waits by design: no error for a log.
    ...(nextRetryMs === undefined ? {} : { nextRetryDelay: nextRetryMs, category: ApplicationFailureCategory.BENIGN }),
    ...(cause instanceof Error ? { cause } : {}),
  });
}

function unexpected(message: string, attempt: number, cause: unknown): ApplicationFailure {
  const retry = attempt < UNEXPECTED_TRIES;
  const tried = retry
    ? message
    : `${message}; tried ${attempt} times, most likely a defect: see the worker’s log, then retry or abort`;
  return failure('Unexpected', tried, { cause, retry });
}

function outOfTime(message: string, timeoutMs: number, attempt: number, cause: unknown): ApplicationFailure {
  const retry = attempt < TIMEOUT_TRIES;
  const ran = `${message}: the statement ran longer than its ${timeoutMs / 1000} s`;
  return failure('QueryTimeout', retry ? ran : `${ran}, tried ${attempt} times; ${WHAT_TO_DO}`, { cause, retry });
}

/** An idle poll: nothing to tell yet. It costs no history and no error log. */
export function stillWaiting(message: string, nextRetryMs: number): ApplicationFailure {
  return failure('StillWaiting', message, { nextRetryMs });
}

function isDatabaseError(error: unknown): boolean {
  return error instanceof Error && error.name === 'error' && 'severity' in error;
}

function isNetworkCode(code: string | undefined): boolean {
  return code !== undefined && /^E[A-Z_]+$/.test(code);
}

/** pg reports a connection that died between two messages by text alone. */
function connectionLost(message: string): FailureType | null {
  return /connection terminated|connection error|timeout exceeded when trying to connect|client was closed|not queryable/i.test(
    message,
  )
    ? 'WarehouseUnavailable'
    : null;
}
