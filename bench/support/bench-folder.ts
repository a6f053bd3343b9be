import { join } from 'node:path';
import { tryProcessLock } from '../../src/local/process-lock.ts';
import { stackFolder } from '../../src/local/stack-file.ts';

/** The folder of all benches, for this process alone: two at a time would measure each other. */
export async function withBenchFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = join(stackFolder(process.cwd()), 'bench');
  const lock = tryProcessLock(join(folder, 'bench.lock'));
  if (!lock.held)
    throw new Error(`Process ${lock.owner.pid} runs a bench too, and both would measure each other: wait for it.`);
  try {
    return await use(folder);
  } finally {
    lock.release();
  }
}
