import { startStack } from '../src/local/stack.ts';
import { figuresOf, renderScale } from './scale/figures.ts';
import type { ScaleRun } from './scale/measured.ts';
import { runAtScale } from './scale/run.ts';
import { removeOldHistories } from './support/bench-stack.ts';
import { withBenchFolder } from './support/bench-folder.ts';
import { readBenchOptions } from './support/options.ts';
import { measuredOn, writeFigures } from './support/performance-page.ts';
import { note, runBench } from './support/run-bench.ts';
import { stopOnSignals } from './support/stop-on-signals.ts';

/** How much smaller the backfill is that the large one is compared with. */
const TIMES = 10;
const HOURS_OF_A_DAY = 24;

/** Whether anything grows with the number of partitions: memory of the worker, histories, the cost of one batch. */
async function scale(args: readonly string[]): Promise<void> {
  const options = readBenchOptions(args, { partitions: { default: 24_000, min: 4_800, max: 120_000 } });
  const large = Math.floor(options.partitions / HOURS_OF_A_DAY / TIMES) * HOURS_OF_A_DAY * TIMES;
  const where = measuredOn(`npm run bench -- scale --partitions ${large}`);
  const runs = await measure(large / TIMES, large);
  const page = renderScale(...runs);
  if (options.write) writeFigures('scale', `${where}\n\n${page}`);
  process.stdout.write(options.json ? `${JSON.stringify(figuresOf(...runs))}\n` : `${page}\n`);
}

function measure(small: number, large: number): Promise<readonly [ScaleRun, ScaleRun]> {
  return withBenchFolder(async (folder) => {
    await removeOldHistories(folder);
    const servers = await startStack({ folder, log: note, env: { ...process.env, TEMPORAL_ADDRESS: '' } });
    const stopped = stopOnSignals(() => servers.stop());
    try {
      return [await runAtScale(servers, small), await runAtScale(servers, large)];
    } finally {
      await servers.stop();
      stopped();
    }
  });
}

await runBench(scale);
