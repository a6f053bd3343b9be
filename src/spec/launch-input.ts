import { HISTORY_BUDGETS, isHistoryBudget } from '../domain/history-budget.ts';
import { isMapping, showValue } from './document-path.ts';
import type { Override } from './override.ts';
import { parseOverride } from './override.ts';
import type { DocumentSource } from './source-document.ts';
import type { SpecProblem } from './spec-problem.ts';

/** What a workflow was started with. `problems` concern the envelope only; the spec itself is read by `parseSpec`. */
export interface LaunchInput {
  readonly specSource: DocumentSource;
  readonly requestedBy: string | null;
  readonly overrides: readonly Override[];
  readonly problems: readonly SpecProblem[];
}

/** The name that stands for a file in messages about a spec that came as a workflow argument. */
const ARGUMENT = 'workflow argument';

/**
 * Accepts `{ spec: "<YAML text>" | {…}, requestedBy?, set?, historyBudget? }` and, because that is what a person pastes into
 * a start form, the bare spec. `set` is a list of `field=value` or a mapping of fields; `historyBudget` is acted on by the
 * workflow before this is read. Fields of the envelope that are not known are
 * ignored: a newer client may send more.
 */
export function readLaunchInput(argument: unknown): LaunchInput {
  if (!isMapping(argument) || !Object.hasOwn(argument, 'spec')) {
    return { specSource: sourceOf(argument), requestedBy: null, overrides: [], problems: [] };
  }
  const { requestedBy, set, historyBudget } = argument;
  const person = typeof requestedBy === 'string' ? requestedBy.trim() : '';
  const read = readOverrides(set);
  const isName = requestedBy === undefined || requestedBy === null || typeof requestedBy === 'string';
  const problems = isName ? [] : [problemOf('requestedBy', 'not a name', requestedBy, 'text')];
  const isBudget = historyBudget === undefined || isHistoryBudget(historyBudget);
  const budget = isBudget ? [] : [problemOf('historyBudget', 'not a number of events', historyBudget, HISTORY_BUDGETS)];
  return {
    specSource: sourceOf(argument['spec']),
    requestedBy: person === '' ? null : person,
    overrides: read.overrides,
    problems: [...problems, ...budget, ...read.problems],
  };
}

function sourceOf(spec: unknown): DocumentSource {
  return typeof spec === 'string' ? { text: spec, file: ARGUMENT } : { value: spec ?? null, file: ARGUMENT };
}

function readOverrides(set: unknown): Pick<LaunchInput, 'overrides' | 'problems'> {
  if (set === undefined || set === null) return { overrides: [], problems: [] };
  if (isMapping(set)) {
    return { overrides: Object.entries(set).map(([path, value]) => ({ path, value: textOf(value) })), problems: [] };
  }
  if (!Array.isArray(set) || !(set as unknown[]).every((entry) => typeof entry === 'string')) {
    return { overrides: [], problems: [problemOf('set', 'not a list of overrides', set, 'a list of field=value')] };
  }
  const read = (set as string[]).map(parseOverride);
  return {
    overrides: read.flatMap((one) => (one.ok ? [one.override] : [])),
    problems: read.flatMap((one) => (one.ok ? [] : [one.problem])),
  };
}

/** JSON is YAML, so that a list or a number keeps its type; text is taken as it would stand in the document. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}

function problemOf(path: string, problem: string, found: unknown, allowed: string): SpecProblem {
  return { file: ARGUMENT, line: 0, column: 0, path, problem, found: showValue(found), allowed };
}
