import { join } from 'node:path';
import { startPostgres } from '../src/local/embedded-postgres.ts';
import { tryProcessLock } from '../src/local/process-lock.ts';
import { stackFolder } from '../src/local/stack-file.ts';
import { wreakHavoc } from './chaos/havoc.ts';
import { emptyDatabase } from './support/empty-database.ts';
import { readBenchOptions } from './support/options.ts';
import { note, runBench } from './support/run-bench.ts';
import { createTrafficDataset } from './traffic/dataset.ts';

const DATABASE = 'chaos';
const CHILD = new URL('./chaos/worker-child.js', import.meta.url);

/**
 * Publishes, rolls back and publishes again under readers and writers while faults strike that follow from the seed. No
 * figure but the first may be other than zero: exit code 1 where one is.
 */
async function chaos(args: readonly string[]): Promise<void> {
  const { faults, seed, json } = readBenchOptions(args, {
    faults: { default: 100, min: 1, max: 10_000 },
    seed: { default: 1, min: 0, max: 2 ** 31 },
  });
  const folder = join(stackFolder(process.cwd()), 'chaos');
  const lock = tryProcessLock(join(folder, 'chaos.lock'));
  if (!lock.held) throw new Error(`Process ${lock.owner.pid} runs this in the same folder: wait for it.`);
  try {
    const server = await startPostgres({ dataFolder: join(folder, 'postgres'), settings: { fsync: 'off' } });
    const stop = (): void => void server.stop().finally(() => process.exit(130));
    process.once('SIGINT', stop).once('SIGTERM', stop);
    try {
      const found = await damage(await emptyDatabase(server.adminUrl, DATABASE), faults, seed);
      for (const [name, value] of Object.entries(found)) if (!json) process.stdout.write(`${name}: ${String(value)}\n`);
      if (json) process.stdout.write(`${JSON.stringify(found)}\n`);
      const { mixedReads, lostRows, unauthorised, unresolved } = found;
      if (mixedReads + lostRows + unauthorised + unresolved > 0) process.exitCode = 1;
    } finally {
      process.removeListener('SIGINT', stop).removeListener('SIGTERM', stop);
      await server.stop();
    }
  } finally {
    lock.release();
  }
}

async function damage(url: string, faults: number, seed: number): Promise<Awaited<ReturnType<typeof wreakHavoc>>> {
  const dataset = await createTrafficDataset(url);
  try {
    return await wreakHavoc(dataset, CHILD, { faults, seed, note });
  } finally {
    await dataset.end();
  }
}

await runBench(chaos);
