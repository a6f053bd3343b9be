import { randomBytes } from 'node:crypto';
import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import { figuresOf } from './overhead/figures.ts';
import { EXAMPLE_OPTIONS, intervalOf } from './overhead/interval.ts';
import { dropShadow, fingerprintShadow, loopPlan, makeShadow, makeSnapshot } from './overhead/loop-tables.ts';
import type { Measured, Round } from './overhead/measured.ts';
import { runProduct } from './overhead/product-run.ts';
import { renderFigures } from './overhead/render.ts';
import { addUp } from './overhead/sections.ts';
import { runLoop } from './overhead/sql-loop.ts';
import type { BenchStack } from './support/bench-stack.ts';
import { withBenchStack } from './support/bench-stack.ts';
import { readBenchOptions } from './support/options.ts';
import { measuredOn, writeFigures } from './support/performance-page.ts';
import { readFamilyCpuMs } from './support/process-reading.ts';
import { note, runBench } from './support/run-bench.ts';
import { forgetStatements, statementTimes } from './support/statement-times.ts';

/**
 * What a backfill costs beyond its SQL: a real one, from its first gate to its last batch verdict, against a loop that
 * does the same rebuilds and against one that does the same checks too. Rounds are interleaved, so that what else
 * happens on the machine meets all three.
 */
async function overhead(args: readonly string[]): Promise<void> {
  const options = readBenchOptions(args, EXAMPLE_OPTIONS);
  const eventsPerDay = options['events-per-day'];
  const { partitions, rounds } = options;
  const command = `npm run bench -- overhead --events-per-day ${eventsPerDay} --partitions ${partitions} --rounds ${rounds}`;
  const where = measuredOn(command);
  const measured = await withBenchStack({ eventsPerDay, log: note }, (stack) =>
    measureRounds(stack, partitions, rounds),
  );
  const { plan } = measured;
  const lanes = plan.spec.execution.maxConcurrency;
  const figures = figuresOf({ eventsPerDay, partitions, batches: plan.batches, lanes }, measured.rounds);
  const page = renderFigures(figures);
  if (options.write) writeFigures('overhead', `${where}\n\n${page}`);
  process.stdout.write(options.json ? `${JSON.stringify(figures)}\n` : `${page}\n`);
}

async function measureRounds(
  stack: BenchStack,
  partitions: number,
  count: number,
): Promise<{ readonly plan: BackfillPlan; readonly rounds: readonly Round[] }> {
  const interval = intervalOf(partitions);
  const run = randomBytes(3).toString('hex');
  await readOnce(stack, interval);
  const rounds: Round[] = [];
  let frozen: BackfillPlan | null = null;
  for (let round = 1; round <= count; round += 1) {
    const id = `bench-${run}-${round}`;
    await settle(stack);
    const { plan, measured: product } = await runProduct(stack, id, interval);
    note(`round ${round}/${count}: product ${seconds(product)}`);
    if (frozen === null) await makeSnapshot(stack.worker, loopPlan(plan, id));
    frozen = plan;
    const bare = await measureLoop(stack, loopPlan(plan, `${id}-bare`), false);
    note(`round ${round}/${count}: bare loop ${seconds(bare)}`);
    const checked = await measureLoop(stack, loopPlan(plan, `${id}-checked`), true);
    note(`round ${round}/${count}: checked loop ${seconds(checked)}`);
    refuseDifferences(product, { bare, checked });
    rounds.push({ product, bare, checked });
  }
  if (frozen === null) throw new Error('no round was measured');
  return { plan: frozen, rounds };
}

async function measureLoop(stack: BenchStack, plan: BackfillPlan, checked: boolean): Promise<Measured> {
  const batches = await makeShadow(stack.worker, plan);
  await settle(stack);
  await forgetStatements(stack.admin);
  const before = readCpuMs(stack);
  try {
    const times = await runLoop(stack.worker, plan, batches, { checked });
    const after = readCpuMs(stack);
    const sections = addUp(await statementTimes(stack.admin, 'backfill_worker'));
    const built = await fingerprintShadow(stack.worker, plan);
    return { ...times, sections, built, cpuMs: before === null || after === null ? null : after - before };
  } finally {
    await dropShadow(stack.worker, plan);
  }
}

/** The loop runs in this process. */
function readCpuMs({ postgresPid }: BenchStack): number | null {
  const server = readFamilyCpuMs(postgresPid);
  const { user, system } = process.cpuUsage();
  return server === null ? null : server + (user + system) / 1000;
}

/** The sources come from memory for all three, not from disk for whoever is first. */
async function readOnce({ admin }: BenchStack, { first, last }: { first: string; last: string }): Promise<void> {
  await admin.query(
    'SELECT count(*), sum(gross), sum(tax) FROM staging.revenue_events WHERE revenue_date BETWEEN $1 AND $2',
    [first, last],
  );
}

/** What the one before left to be written is written before the next one starts. */
async function settle({ admin }: BenchStack): Promise<void> {
  await admin.query('CHECKPOINT');
}

/** A ratio between different work says nothing. */
function refuseDifferences(product: Measured, loops: Readonly<Record<string, Measured>>): void {
  for (const [name, { built }] of Object.entries(loops))
    if (built !== product.built)
      throw new Error(
        `the ${name} loop built other rows (${built}) than the product (${product.built}): not comparable`,
      );
}

function seconds({ milliseconds }: Measured): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

await runBench(overhead);
