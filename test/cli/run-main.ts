import { main } from '../../src/cli/main.ts';
import type { Surroundings } from '../../src/cli/surroundings.ts';

export interface MainRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The real program in this process, with surroundings of its own: nothing of the machine's environment gets in. */
export async function runMain(argv: readonly string[], given: Partial<Surroundings> = {}): Promise<MainRun> {
  let stdout = '';
  let stderr = '';
  const surroundings: Surroundings = {
    env: {},
    cwd: process.cwd(),
    user: 'dana',
    now: () => new Date('2026-06-15T10:00:00Z'),
    isTerminal: false,
    width: 120,
    isColoured: false,
    show: (text) => void (stdout += text),
    note: (line) => void (stderr += `${line}\n`),
    interrupted: new AbortController().signal,
    ...given,
  };
  const exitCode = await main(argv, surroundings);
  return { exitCode, stdout, stderr };
}
