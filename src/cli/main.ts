#!/usr/bin/env node
import { realpathSync } from 'node:fs';
import { userInfo } from 'node:os';
import { pathToFileURL } from 'node:url';
import { CommanderError } from 'commander';
import type { Environment } from '../config/environment.ts';
import { onStopSignal, whenOutputIsLost } from '../local/stop-signals.ts';
import type { CommandResult } from './command-result.ts';
import { isCommandError } from './command-result.ts';
import type { ExitCode } from './exit-codes.ts';
import { EXIT } from './exit-codes.ts';
import { createProgram } from './program.ts';
import type { Surroundings } from './surroundings.ts';

/** Runs one command line and resolves to its exit code. Answers go to `show`, errors to `note`; with --json exactly one document is shown. */
export async function main(argv: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  const isJson = argv.includes('--json');
  let exitCode: ExitCode = EXIT.done;
  let complaint = '';
  const program = createProgram(async (task) => {
    const result = await task();
    print(result, isJson, surroundings);
    exitCode = result.exitCode;
  }, surroundings);
  // Set on every command: a sub-command has its own copy of the settings that its parent had when it was made.
  for (const command of [program, ...program.commands])
    command.exitOverride().configureOutput({
      writeOut: surroundings.show,
      writeErr: (text) => (complaint += text),
      getOutHelpWidth: () => surroundings.width,
      getErrHelpWidth: () => surroundings.width,
    });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    return explain(error, complaint, isJson, surroundings);
  }
}

function print({ text, json, exitCode }: CommandResult, isJson: boolean, { show, note }: Surroundings): void {
  if (isJson) show(`${JSON.stringify(json, null, 2)}\n`);
  else if (exitCode === EXIT.badInput) note(text);
  else if (text !== '') show(`${text}\n`);
}

function explain(error: unknown, complaint: string, isJson: boolean, { show, note, env }: Surroundings): ExitCode {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
  const isUsage = error instanceof CommanderError;
  const message = isUsage ? complaint.replace(/^error: /, '').trim() : messageOf(error);
  if (isJson) show(`${JSON.stringify({ error: message }, null, 2)}\n`);
  else note(message);
  if (isUsage) return EXIT.badInput;
  if (isCommandError(error)) return error.exitCode;
  if (env['BACKFILL_LOG_LEVEL'] === 'debug' && error instanceof Error) note(error.stack ?? '');
  return EXIT.failed;
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('\n');
  return error instanceof Error ? error.message : String(error);
}

function userOf(env: Environment): string | null {
  const named = env['BACKFILL_USER']?.trim() || env['USER']?.trim() || env['LOGNAME']?.trim();
  if (named) return named;
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that has no name.
    return null;
  }
}

/** This process. Listening for Ctrl-C begins when a command asks for it: every other command just ends. */
function processSurroundings(): Surroundings {
  const stop = new AbortController();
  let isListening = false;
  const listen = (): void => {
    isListening = true;
    onStopSignal(() => stop.abort());
  };
  // Whoever reads our output may stop reading: `backfill list | head -1`. What listens for Ctrl-C has something to stop first.
  whenOutputIsLost((error) => {
    if (!isListening) process.exit(error.code === 'EPIPE' ? 0 : 1);
    stop.abort();
  });
  return {
    env: process.env,
    cwd: process.cwd(),
    user: userOf(process.env),
    now: () => new Date(),
    isTerminal: Boolean(process.stdout.isTTY),
    width: process.stdout.columns ?? 100,
    isColoured: Boolean(process.stdout.isTTY) && !process.env['NO_COLOR'],
    show: (text) => void process.stdout.write(text),
    note: (line) => void process.stderr.write(`${line}\n`),
    get interrupted() {
      if (!isListening) listen();
      return stop.signal;
    },
  };
}

const startedAs = process.argv[1];
if (startedAs !== undefined && import.meta.url === pathToFileURL(realpathSync(startedAs)).href) {
  process.exitCode = await main(process.argv.slice(2), processSurroundings());
}
