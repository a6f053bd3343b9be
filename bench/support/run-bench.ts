/**
 * Runs a bench's main function with this process's arguments. A mistake on the command line is one sentence and exit
 * code 2, everything else that goes wrong is exit code 1.
 */
export async function runBench(bench: (args: readonly string[]) => Promise<void>): Promise<void> {
  try {
    await bench(process.argv.slice(2));
  } catch (error) {
    note(error instanceof Error ? error.message : String(error));
    process.exitCode = isUsage(error) ? 2 : 1;
  }
}

/** One line for people: on stderr, so that stdout holds the result alone. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

function isUsage(error: unknown): boolean {
  if (error instanceof RangeError) return true;
  return error instanceof TypeError && String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS');
}
