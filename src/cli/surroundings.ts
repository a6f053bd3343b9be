import type { Environment } from '../config/environment.ts';

/** Everything a command gets from the process it runs in; tests give it their own. */
export interface Surroundings {
  readonly env: Environment;
  readonly cwd: string;
  /** Who runs this command, for `--by` where it is not given; null where nothing says it. */
  readonly user: string | null;
  readonly now: () => Date;
  /** Standard output is a terminal, which can be drawn over. */
  readonly isTerminal: boolean;
  /** Characters a line of the terminal holds. */
  readonly width: number;
  readonly isColoured: boolean;
  /** Standard output while a command still runs, as written. */
  readonly show: (text: string) => void;
  /** One line on standard error. */
  readonly note: (line: string) => void;
  /** Ctrl-C, SIGTERM, or a closed terminal. */
  readonly interrupted: AbortSignal;
}
