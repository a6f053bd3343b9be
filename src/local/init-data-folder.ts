import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { PostgresBinaries } from './hydrate-binaries.ts';
import { unprivilegedCommand } from './unprivileged-command.ts';

const run = promisify(execFile);

export const SUPERUSER = 'app';
const PASSWORD_FILE = 'superuser.password';

/** Makes the data folder if it is not there. It appears complete or not at all, so two processes at once, or one that dies, do no harm. */
export async function initDataFolder(dataFolder: string, binaries: PostgresBinaries): Promise<void> {
  const major = await majorVersion(binaries);
  const found = existingVersion(dataFolder);
  if (found === major) return;
  if (found !== null) {
    throw new Error(
      `${dataFolder} holds data of PostgreSQL ${found}, but the server here is PostgreSQL ${major}. ` +
        'Move that folder away to start with an empty one, or use a PostgreSQL server of your own.',
    );
  }
  mkdirSync(dirname(dataFolder), { recursive: true });
  const draft = `${dataFolder}.draft-${randomBytes(4).toString('hex')}`;
  try {
    await runInitdb(draft, Number(major), binaries);
    renameSync(draft, dataFolder);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (existingVersion(dataFolder) !== major) throw error;
  }
}

/** The superuser's password, kept in the data folder (mode 0600). */
export function readPassword(dataFolder: string): string {
  return readFileSync(join(dataFolder, PASSWORD_FILE), 'utf8');
}

function existingVersion(dataFolder: string): string | null {
  const file = join(dataFolder, 'PG_VERSION');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : null;
}

async function majorVersion({ folder, env }: PostgresBinaries): Promise<string> {
  const { stdout } = await run(join(folder, 'postgres'), ['--version'], { env: { ...process.env, ...env } });
  const major = /\b(\d+)\./.exec(stdout)?.[1];
  if (major === undefined) throw new Error(`${join(folder, 'postgres')} does not tell its version: ${stdout.trim()}`);
  return major;
}

async function runInitdb(draft: string, major: number, { folder, env }: PostgresBinaries): Promise<void> {
  const passwordFile = `${draft}.password`;
  writeFileSync(passwordFile, randomBytes(18).toString('base64url'), { mode: 0o600 });
  // The built-in locale provider came with 17. Bytewise order either way: the same on every machine.
  const locale =
    major >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'] : ['--locale=C.UTF-8'];
  const { command, args } = unprivilegedCommand({
    command: join(folder, 'initdb'),
    args: [
      ...['-D', draft, '-U', SUPERUSER, '-A', 'scram-sha-256', `--pwfile=${passwordFile}`],
      ...['--encoding=UTF8', ...locale, '--no-sync'],
    ],
  });
  try {
    await run(command, args, { env: { ...process.env, ...env } });
    renameSync(passwordFile, join(draft, PASSWORD_FILE));
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim() || (error as Error).message;
    throw new Error(`The PostgreSQL data folder could not be made (initdb): ${said}`, { cause: error });
  } finally {
    rmSync(passwordFile, { force: true });
  }
}
