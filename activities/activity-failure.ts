import { CancelledFailure } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { FailureType } from '../src/protocol/failures.ts';
import { FAILURES } from '../src/protocol/failures.ts';
import { failureOf } from '../src/warehouse/sqlstate.ts';

/** Turns whatever an activity threw into the one failure the workflow understands. The SQLSTATE decides. */
export function toActivityFailure(error: unknown): Error {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  const known = error as { code?: string; message?: string; detail?: string; hint?: string };
  const code = typeof known.code === 'string' ? known.code : undefined;
  const message = [known.message ?? String(error), known.detail, known.hint]
    .filter((part) => part !== undefined && part !== '')
    .join('; ');
  const type = isDatabaseError(error) || isNetworkCode(code) ? failureOf(code, message) : connectionLost(message);
  if (type === null) return error instanceof Error ? error : new Error(message);
  return failure(type, code === undefined ? message : `${message} [${code}]`, error);
}

export function failure(type: FailureType, message: string, cause?: unknown): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message,
    nonRetryable: !FAILURES[type].retry,
    ...(cause instanceof Error ? { cause } : {}),
  });
}

/** An idle poll: nothing to tell yet. It costs no history and no error log. */
export function stillWaiting(message: string, nextRetryMs: number): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'StillWaiting',
    message,
    nextRetryDelay: nextRetryMs,
    category: ApplicationFailureCategory.BENIGN,
  });
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
