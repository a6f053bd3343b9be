import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { resolve } from 'node:path';

/** Puts a bench's newest figures between its two marks in docs/performance.md of the clone it was started in. */
export function writeFigures(bench: string, markdown: string): void {
  const page = resolve('docs/performance.md');
  writeFileSync(page, replaceFigures(readFileSync(page, 'utf8'), bench, markdown));
}

/** The page with the figures of one bench replaced. Throws where the page has no place for them. */
export function replaceFigures(page: string, bench: string, markdown: string): string {
  const [begin, end] = [`<!-- figures of ${bench} -->`, `<!-- end of figures of ${bench} -->`];
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`docs/performance.md has no lines ${begin} and ${end} to write between`);
  return `${page.slice(0, from)}${begin}\n\n${markdown.trim()}\n\n${page.slice(to)}`;
}

/** Where and when something was measured: to be asked for before it begins, because it names the load it met. */
export function measuredOn(command: string): string {
  const day = new Date().toISOString().slice(0, 10);
  const memory = Math.round(totalmem() / 2 ** 30);
  const machine = `${cpus().length} processors, ${memory} GiB, ${process.platform} ${process.arch}, Node ${process.versions.node}`;
  return `Measured ${day} with \`${command}\` (${machine}; load average ${(loadavg()[0] ?? 0).toFixed(1)} before it began).`;
}
