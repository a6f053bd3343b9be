import { randomBytes } from 'node:crypto';
import { EXAMPLE_OPTIONS, intervalOf } from './overhead/interval.ts';
import { dropShadow, loopPlan, makeShadow, makeSnapshot } from './overhead/loop-tables.ts';
import { draftExample } from './reconcile/draft-example.ts';
import type { RoundTimes } from './reconcile/figures.ts';
import { figuresOf, renderFigures } from './reconcile/figures.ts';
import { measureRound } from './reconcile/measure-round.ts';
import type { BenchStack } from './support/bench-stack.ts';
import { withBenchStack } from './support/bench-stack.ts';
import { readBenchOptions } from './support/options.ts';
import { measuredOn, writeFigures } from './support/performance-page.ts';
import { note, runBench } from './support/run-bench.ts';

/**
 * What it costs to check a batch in full, against the rebuild that it checks: both by the product's own statements on one
 * connection, batch by batch in turns, so that what else happens on the machine meets both.
 */
async function reconcile(args: readonly string[]): Promise<void> {
  const options = readBenchOptions(args, EXAMPLE_OPTIONS);
  const eventsPerDay = options['events-per-day'];
  const { partitions, rounds } = options;
  const where = measuredOn(
    `npm run bench -- reconcile --events-per-day ${eventsPerDay} --partitions ${partitions} --rounds ${rounds}`,
  );
  const times = await withBenchStack({ eventsPerDay, log: note }, (stack) => measureRounds(stack, partitions, rounds));
  const figures = figuresOf({ eventsPerDay, partitions }, times);
  const page = renderFigures(figures);
  if (options.write) writeFigures('reconcile', `${where}\n\n${page}`);
  process.stdout.write(options.json ? `${JSON.stringify(figures)}\n` : `${page}\n`);
}

async function measureRounds(stack: BenchStack, partitions: number, count: number): Promise<RoundTimes[]> {
  const drafted = await draftExample(stack.worker, intervalOf(partitions));
  const run = randomBytes(3).toString('hex');
  await makeSnapshot(stack.worker, loopPlan(drafted, `bench-${run}`));
  const rounds: RoundTimes[] = [];
  // The first round reads the sources into memory, and is not counted.
  for (let round = 0; round <= count; round += 1) {
    const plan = loopPlan(drafted, `bench-${run}-${round}`);
    const batches = await makeShadow(stack.worker, plan);
    try {
      await stack.admin.query('CHECKPOINT');
      const times = await measureRound(stack.worker, plan, batches);
      note(`round ${round}/${count}: rebuild ${times.rebuildMs.toFixed(0)} ms, check ${times.checkMs.toFixed(0)} ms`);
      if (round > 0) rounds.push(times);
    } finally {
      await dropShadow(stack.worker, plan);
    }
  }
  return rounds;
}

await runBench(reconcile);
