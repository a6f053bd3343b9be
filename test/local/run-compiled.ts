import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

/**
 * Runs a snippet in a Node process of its own, which the test may kill; resolves to the first line that it prints, as JSON.
 * The snippet imports from the compiled project, by `${compiled}/…`.
 */
export async function runUntilFirstLine<T>(snippet: string): Promise<{ child: ChildProcess; line: T }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', snippet], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  for await (const line of createInterface({ input: child.stdout })) return { child, line: JSON.parse(line) as T };
  throw new Error('The process ended without printing a line; its error stands above');
}

/** As a crash ends it: no handler runs. */
export async function killOutright(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** Where the compiled project lies, for imports in a snippet. */
export const compiled = new URL('../../dist/', import.meta.url).href;
