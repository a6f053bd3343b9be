import { figuresOf } from './publication/figures.ts';
import { measurePublication } from './publication/measure.ts';
import { renderFigures } from './publication/render.ts';
import { endThreads } from './publication/thread.ts';
import { withWorld } from './publication/world.ts';
import { withBenchPostgres } from './support/bench-postgres.ts';
import { readBenchOptions } from './support/options.ts';
import { measuredOn, writeFigures } from './support/performance-page.ts';
import { note, runBench } from './support/run-bench.ts';

/**
 * What consumers and the live pipeline notice of a publication, its rollback and its consolidation, by the product's own
 * activities and statements. No Temporal server: the switch does not need one.
 */
async function publication(args: readonly string[]): Promise<void> {
  const options = readBenchOptions(args, {
    days: { default: 547, min: 70, max: 547 },
    'rows-per-day': { default: 500, min: 10, max: 5_000 },
    rounds: { default: 3, min: 1, max: 20 },
    switches: { default: 30, min: 1, max: 200 },
    readers: { default: 6, min: 1, max: 16 },
    writes: { default: 1_000, min: 10, max: 20_000 },
    reads: { default: 150, min: 10, max: 10_000 },
    'control-ms': { default: 4_000, min: 200, max: 60_000 },
    'long-query-seconds': { default: 5, min: 1, max: 60 },
  });
  const { days, rounds, switches, readers, writes, reads } = options;
  const rowsPerDay = options['rows-per-day'];
  const where = measuredOn(
    `npm run bench -- publication --days ${days} --rows-per-day ${rowsPerDay} --rounds ${rounds} --switches ${switches} --readers ${readers}`,
  );
  const figures = await withBenchPostgres((server) =>
    withWorld(server.adminUrl, { days, rowsPerDay }, note, async (world) =>
      figuresOf(
        await measurePublication(
          world,
          {
            ...{ rounds, switches, readers, writes, reads },
            controlMs: options['control-ms'],
            longQuerySeconds: options['long-query-seconds'],
          },
          note,
        ),
      ),
    ),
  );
  const page = renderFigures(figures);
  if (options.write) writeFigures('publication', `${where}\n\n${page}`);
  process.stdout.write(options.json ? `${JSON.stringify(figures)}\n` : `${page}\n`);
}

try {
  await runBench(publication);
} finally {
  await endThreads();
}
