import type { SpecProblem } from './spec-problem.ts';

type Figure = readonly [start: string, value: string];

/** The whole file is kept in the plan; a figure a day of thirty years. */
const MOST_LINES = 12_000;
const HEADER = 'partition_start,value';
const START = /^\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d)?)?$/;
const VALUE = /^[+-]?\d{1,30}(?:\.\d{1,15})?$/;

/** The figures of a file of `partition_start,value` lines. Lines that cannot be read are left out: `figureProblems` tells of them. */
export function readFigures(text: string): readonly Figure[] {
  return readLines(text).flatMap(({ figure }) => (figure === null ? [] : [figure]));
}

/** Every line that cannot be read, or stands twice. */
export function figureProblems(text: string, file: string): readonly SpecProblem[] {
  const [head = '', ...more] = linesOf(text);
  const problem = (line: number, what: string, found: string, allowed: string): SpecProblem => {
    return { file, line, column: 1, path: '', problem: what, found, allowed };
  };
  if (head.replaceAll(' ', '') !== HEADER) return [problem(1, 'not the head of a file of figures:', head, HEADER)];
  if (more.length > MOST_LINES)
    return [problem(MOST_LINES + 2, 'too many lines:', `${more.length}`, `up to ${MOST_LINES}`)];
  const seen = new Set<string>();
  return readLines(text).flatMap(({ line, written, figure }) => {
    if (figure === null)
      return [problem(line, 'not a figure:', written, 'a day (and a time) and a number, such as 2025-01-31,1234.50')];
    const repeats = seen.has(figure[0]);
    seen.add(figure[0]);
    return repeats ? [problem(line, 'a second figure of', figure[0], 'one figure for each partition_start')] : [];
  });
}

function linesOf(text: string): string[] {
  return text.replace(/^\uFEFF/, '').split(/\r?\n/);
}

function readLines(
  text: string,
): readonly { readonly line: number; readonly written: string; readonly figure: Figure | null }[] {
  return linesOf(text)
    .map((written, index) => ({ line: index + 1, written }))
    .slice(1)
    .filter(({ written }) => written.trim() !== '')
    .map(({ line, written }) => ({ line, written, figure: readFigure(written) }));
}

function readFigure(written: string): Figure | null {
  const cells = written.split(',').map((cell) => cell.trim());
  const [start = '', value = ''] = cells;
  if (cells.length !== 2 || !START.test(start) || !VALUE.test(value)) return null;
  return Number.isNaN(Date.parse(`${start.replace(' ', 'T').padEnd(11, 'T').padEnd(16, '00:00')}Z`))
    ? null
    : [start, value];
}
