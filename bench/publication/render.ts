import { markdownTable } from '../support/markdown-table.ts';
import type { Spread } from '../support/spread.ts';
import type { PublicationFigures, ViewFigures } from './figures.ts';
import type { MetSwitch, SwitchFigures, Times } from './switch-figures.ts';
import { judgeTargets } from './targets.ts';
import type { Mode } from './view-reads.ts';
import { SHAPES } from './view-reads.ts';

/** Tables and a few sentences, readable in a terminal and in a Markdown page. */
export function renderFigures(figures: PublicationFigures): string {
  const { days, rowsPerDay, switches, views, writers } = figures;
  return [
    `${days} days of ${rowsPerDay.toLocaleString('en')} rows; medians of the rounds, in brackets the smallest and the largest; times in milliseconds.`,
    `${figures.mixedReads} mixed reads and ${figures.readerErrors} errors in ${figures.reads.toLocaleString('en')} reads; ${figures.lostRows} lost rows and ${figures.writerErrors} errors in ${figures.rowsWritten.toLocaleString('en')} rows written.`,
    targets(figures),
    'Those who met a switch (the call that publishes, or the rollback statement), and those who met an equally long moment of the quiet control:',
    markdownTable(
      ['', 'met', 'p50', 'p99', 'longest', 'control p99', 'control longest', 'p99 more, by round'],
      switches.flatMap((one) => [
        met(`reads, ${one.condition}`, one.reads),
        met(`writes of today, ${one.condition}`, one.writes),
      ]),
    ),
    'How long it took:',
    markdownTable(
      ['', 'times', 'p50', 'p99', 'longest'],
      switches.flatMap((one) => [
        row(`publishing call, ${one.condition}`, one.publish),
        row(`rollback statement, ${one.condition}`, one.rollback),
      ]),
    ),
    'As the workflow does it, with late writes going on: vacuum, grants, arming, catch-up and the switch; arming and the statement. And the reads that met a change of shape meanwhile:',
    markdownTable(
      ['', 'publication', 'rollback', 'shapes', 'refused', 'reads met', 'p99', 'longest'],
      switches.map((one) => activities(one)),
    ),
    'Writes with capture against the same writes into a table without, in turns:',
    markdownTable(
      ['', 'p50', 'without', 'ratio', 'p99', 'without', 'ratio', 'longest', 'without'],
      writers.map(({ write, captured, uncaptured, p50Ratio, p99Ratio }) => [
        WRITE_WORDS[write],
        ...[fixed(captured.p50), fixed(uncaptured.p50), ratio(p50Ratio)],
        ...[fixed(captured.p99), fixed(uncaptured.p99), ratio(p99Ratio)],
        ...[fixed(captured.max), fixed(uncaptured.max)],
      ]),
    ),
    'Reads through the view by the same reads from the table, in turns (∥: planned for parallel workers):',
    ...(['simple', 'prepared'] as const).map((mode) => shapes(views, mode)),
    `The event loops of the measuring threads were late by, p99 and longest: readers ${delay(figures.loopDelay.readers)}, writers ${delay(figures.loopDelay.writers)}, comparing ${delay(figures.loopDelay.comparing)}.`,
  ].join('\n\n');
}

const WRITE_WORDS = { today: 'a row of today', late: 'a late row', bulk: 'a whole late day' } as const;

function targets(figures: PublicationFigures): string {
  return markdownTable(
    ['target', 'limit', 'measured', 'held'],
    judgeTargets(figures).map(({ what, limit, measured, unit, held }) => [
      what,
      `${limit}${unit}`,
      `${measured}${unit}`,
      held ? 'yes' : 'no',
    ]),
  );
}

function met(what: string, { control, switching, difference }: MetSwitch): string[] {
  const { count, p50, p99, max } = switching;
  const times = [fixed(p50), fixed(p99), fixed(max), fixed(control.p99), fixed(control.max)];
  return [what, String(count), ...times, spread(difference, 1)];
}

function row(what: string, { count, p50, p99, max }: Times): string[] {
  return [what, String(count), fixed(p50), fixed(p99), fixed(max)];
}

function activities({ condition, publishActivityMs, rollbackActivityMs, arming }: SwitchFigures): string[] {
  const { attempts, refused, reads } = arming;
  return [
    condition,
    spread(publishActivityMs, 0),
    spread(rollbackActivityMs, 0),
    ...[attempts, refused, reads?.count ?? 0].map(String),
    ...[reads?.p99, reads?.max].map((one) => (one === undefined ? '–' : fixed(one))),
  ];
}

function shapes(views: readonly ViewFigures[], mode: Mode): string {
  const ofMode = views.filter((one) => one.mode === mode);
  const reads = [...new Set(ofMode.map(({ read }) => read))];
  const cell = (read: string, shape: string): string => {
    const found = ofMode.find((one) => one.read === read && one.shape === shape);
    return found === undefined
      ? '–'
      : `${ratio(found.ratio)} ${signed(found.addedMs.median)}${found.parallel ? ' ∥' : ''}`;
  };
  const table = (read: string): string => (ofMode.find((one) => one.read === read)?.tableMs ?? NaN).toFixed(2);
  return markdownTable(
    [`${mode}, and ms more`, 'table', ...SHAPES],
    reads.map((read) => [read, table(read), ...SHAPES.map((shape) => cell(read, shape))]),
  );
}

function delay({ p99Ms, maxMs }: { readonly p99Ms: number; readonly maxMs: number }): string {
  return `${p99Ms.toFixed(1)} and ${maxMs.toFixed(1)}`;
}

function spread({ median, min, max }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)} to ${max.toFixed(digits)})`;
}

function ratio({ median, min, max }: Spread): string {
  return `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`;
}

function signed(milliseconds: number): string {
  return `${milliseconds < 0 ? '−' : '+'}${Math.abs(milliseconds).toFixed(2)}`;
}

function fixed(milliseconds: number): string {
  return milliseconds.toFixed(1);
}
