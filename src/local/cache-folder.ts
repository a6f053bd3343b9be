import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where downloads and completed binaries are kept for every clone on this machine. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'controlled-backfill');
}
