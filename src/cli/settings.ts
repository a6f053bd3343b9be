import { resolve } from 'node:path';
import type { ConfigWith, Need } from '../config/config.ts';
import { readConfig } from '../config/config.ts';
import { formatConfigProblem } from '../config/environment.ts';
import type { StackAddresses } from '../config/stack-addresses.ts';
import type { StackFile } from '../local/stack-file.ts';
import { readStackFile, stackFolder } from '../local/stack-file.ts';
import { commandError } from './command-result.ts';
import { EXIT } from './exit-codes.ts';
import type { Surroundings } from './surroundings.ts';

export interface Settings<N extends Need = never> {
  readonly config: ConfigWith<N>;
  /** The local stack that was started from this folder, if there is one. */
  readonly stack: StackFile | null;
}

/** The environment first, then the local stack's file. Throws every problem at once. */
export function loadSettings<N extends Need = never>(
  { env, cwd }: Pick<Surroundings, 'env' | 'cwd'>,
  needs: readonly N[] = [],
): Settings<N> {
  const stack = readStackFile(stackFolder(cwd));
  const read = readConfig(env, stack === null ? null : addresses(stack), needs);
  if (!read.ok) throw commandError(EXIT.badInput, read.problems.map(formatConfigProblem).join('\n'));
  return { config: read.config, stack };
}

function addresses(stack: StackFile): StackAddresses {
  return { ...stack, temporalUi: stack.temporalUi ?? '', reviewUrl: stack.reviewUrl ?? '' };
}

/** The contracts of a local stack are there to be tried out: they may hold changes that git does not know. */
export function mayBeDirty({ config, stack }: Settings, folder: string): boolean {
  return config.allowDirtyContracts || (stack !== null && resolve(stack.contracts) === resolve(folder));
}
