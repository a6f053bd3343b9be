import type { SpecProblem } from '../../spec/spec-problem.ts';
import { cut, formatProblem } from '../../spec/spec-problem.ts';
import { counted } from '../../report/words.ts';

/** One line a problem and a count: what is wrong, where, and what would be right. */
export function renderProblems(path: string, problems: readonly SpecProblem[]): string {
  return [...problems.map(formatProblem), `${path}: ${counted(problems.length, 'problem')}`].join('\n');
}

/** The problem in its parts, and as the line that people see. */
export function problemJson(problem: SpecProblem): SpecProblem & { readonly message: string } {
  const { path, found } = problem;
  return { ...problem, path: cut(path), found: cut(found), message: formatProblem(problem) };
}
