/** `line` and `column` count from 1; 0 means that the source has no positions. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One thing wrong in a document, at the place where a person can mend it. */
export interface SpecProblem extends Place {
  /** The field, e.g. `transform.corrected[0].sql`; empty where the whole document is meant. */
  readonly path: string;
  readonly problem: string;
  /** The offending text; empty where nothing was written. */
  readonly found: string;
  readonly allowed?: string;
  readonly nearest?: string;
}

/** Longer texts are cut: a message is one line that a terminal and a log can carry. */
const FOUND_LIMIT = 80;

/** One line: `backfill.yaml:14:3  execution.order: not one of the choices "newest"; did you mean "newest_first"?`. */
export function formatProblem(problem: SpecProblem): string {
  const place = problem.line > 0 ? `${problem.file}:${problem.line}:${problem.column}` : problem.file;
  const subject = problem.path === '' ? '' : `${cut(problem.path)}: `;
  const found = problem.found === '' ? '' : ` ${quoted(problem.found)}`;
  const nearest = problem.nearest === undefined ? '' : `; did you mean ${quoted(problem.nearest)}?`;
  const allowed = problem.allowed === undefined ? '' : `${nearest === '' ? ';' : ''} allowed: ${problem.allowed}`;
  return `${place}  ${subject}${problem.problem}${found}${nearest}${allowed}`;
}

/** In the order in which a person reads the files. */
export function sortProblems(problems: readonly SpecProblem[]): readonly SpecProblem[] {
  return [...problems].sort(
    (a, b) => compare(a.file, b.file) || a.line - b.line || a.column - b.column || compare(a.path, b.path),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function quoted(text: string): string {
  return JSON.stringify(cut(text));
}

export function cut(text: string): string {
  return text.length > FOUND_LIMIT ? `${text.slice(0, FOUND_LIMIT - 1)}…` : text;
}
