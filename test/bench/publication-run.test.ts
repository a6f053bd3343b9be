import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import type { PublicationFigures } from '../../bench/publication/figures.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const BENCH = fileURLToPath(new URL('../../dist/bench/publication.js', import.meta.url));
/** As little of everything as still makes each figure: what is looked at here is that there are some, not what they say. */
const LITTLE = {
  ...{ days: 70, 'rows-per-day': 10, rounds: 1, switches: 6, readers: 2, writes: 10, reads: 10 },
  ...{ 'control-ms': 300, 'long-query-seconds': 1 },
};

it('a small run of the publication bench mixes and loses nothing, and answers every figure', async () => {
  const cwd = temporaryFolder();
  const options = Object.entries(LITTLE).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const { stdout } = await promisify(execFile)(process.execPath, [BENCH, '--json', ...options], { cwd });
  const figures = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as PublicationFigures;
  expect(figures).toMatchObject({ mixedReads: 0, lostRows: 0, readerErrors: 0, writerErrors: 0, days: 70 });
  expect(figures.reads).toBeGreaterThan(100);
  expect(figures.rowsWritten).toBeGreaterThan(10);
  const { readerStallMs, controlStallMs, publishP99Ms, rollbackP99Ms, writerP99Ratio, viewReadRatio } = figures;
  for (const figure of [readerStallMs, controlStallMs, publishP99Ms, rollbackP99Ms, writerP99Ratio])
    expect(figure).toBeGreaterThan(0);
  expect(Object.keys(viewReadRatio)).toEqual(expect.arrayContaining(['point', 'day', 'month', 'full']));
  expect(figures.switches.map(({ publish, rollback }) => [publish.count, rollback.count])).toEqual([
    [6, 6],
    [6, 6],
  ]);
});

it('an option that it does not know is refused before anything is started', async () => {
  const run = promisify(execFile)(process.execPath, [BENCH, '--switch', '3']);
  await expect(run).rejects.toMatchObject({ code: 2 });
});
