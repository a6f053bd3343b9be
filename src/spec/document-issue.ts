import type { z } from 'zod';
import type { DocumentPath } from './document-path.ts';
import { formatPath, showValue, valueAt } from './document-path.ts';
import type { Locate } from './source-document.ts';
import type { SpecProblem } from './spec-problem.ts';

/** A problem that knows its field but not yet its place. */
export interface DocumentIssue {
  readonly path: DocumentPath;
  /** Points at the field's name instead of its value. */
  readonly part?: 'key';
  readonly problem: string;
  readonly found: string;
  readonly allowed?: string;
  readonly nearest?: string;
}

export function placeIssue(issue: DocumentIssue, locate: Locate): SpecProblem {
  const { path, part, ...rest } = issue;
  return { ...locate(path, part), ...rest, path: formatPath(path) };
}

/** What the schema refused, in the product's own words. */
export function schemaIssues(error: z.ZodError, document: unknown): readonly DocumentIssue[] {
  return error.issues.map((issue) => {
    const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
    const value = valueAt(document, path);
    return { path, ...describe(issue, value) };
  });
}

function describe(issue: z.core.$ZodIssue, value: unknown): Omit<DocumentIssue, 'path' | 'part'> {
  const found = showValue(value);
  if (issue.code === 'custom') {
    return {
      problem: issue.message,
      found: issue.params?.['isConfidential'] === true ? '' : found,
      ...hints(issue.params),
    };
  }
  if (issue.code === 'invalid_type') {
    return { problem: shapeProblem(value, SHAPES[issue.expected] ?? issue.expected), found };
  }
  if (issue.code === 'too_small') return { problem: 'an empty list', found: '', allowed: 'at least one entry' };
  throw new Error(`The schema refused ${issue.path.join('.')} in a way that has no sentence: ${issue.code}`);
}

const SHAPES: Readonly<Record<string, string>> = {
  object: 'a mapping of fields',
  record: 'a mapping of names',
  array: 'a list',
};

function shapeProblem(value: unknown, shape: string): string {
  if (value === undefined) return `is missing; it is ${shape}`;
  return value === null ? `has no value; it is ${shape}` : `not ${shape}`;
}

function hints(params: Readonly<Record<string, unknown>> | undefined): { allowed?: string; nearest?: string } {
  const { allowed, nearest } = params ?? {};
  return {
    ...(typeof allowed === 'string' ? { allowed } : {}),
    ...(typeof nearest === 'string' ? { nearest } : {}),
  };
}
