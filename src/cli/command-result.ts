import type { ExitCode } from './exit-codes.ts';

/** What a command came to. Only the main program prints: the text for people, or with --json the one document. */
export interface CommandResult {
  readonly exitCode: ExitCode;
  readonly text: string;
  readonly json: unknown;
}

/** A command that cannot be carried out, in one or more sentences for a person; printed without a stack. */
export interface CommandError extends Error {
  readonly exitCode: ExitCode;
}

export function commandError(exitCode: ExitCode, message: string): CommandError {
  return Object.assign(new Error(message), { exitCode });
}

export function isCommandError(error: unknown): error is CommandError {
  return error instanceof Error && 'exitCode' in error && typeof error.exitCode === 'number';
}
