import { z } from 'zod';

/** What reading one value came to: the trusted value, or the problem as a phrase that the offending text follows. */
export type Reading<T> = { readonly value: T } | { readonly problem: string; readonly nearest?: string };

/** Reads one value of a document. `allowed` completes the sentence "allowed: …". */
export interface Reader<T> {
  readonly allowed: string;
  readonly read: (value: unknown) => Reading<T>;
  /** What was written instead may be a secret, so no message repeats it. */
  readonly isConfidential?: boolean;
}

/** A reader of values that are written as text, e.g. `5m`. `what` completes "not …". */
export function textReader<T>(what: string, allowed: string, read: (text: string) => Reading<T> | null): Reader<T> {
  const refusal = { problem: `not ${what}` };
  return { allowed, read: (value) => (typeof value === 'string' ? (read(value.trim()) ?? refusal) : refusal) };
}

/** A zod schema for one field. Absent and empty fields are refused here; an optional field adds `.optional()`. */
export function field<T>(reader: Reader<T>): z.ZodType<T> {
  return z.unknown().transform((value, context): T => {
    const reading = readField(reader, value);
    if ('value' in reading) return reading.value;
    context.addIssue({ code: 'custom', message: reading.problem, params: { ...reader, ...reading } });
    return z.NEVER;
  });
}

function readField<T>(reader: Reader<T>, value: unknown): Reading<T> {
  if (value === undefined) return { problem: 'is missing' };
  if (value === null) return { problem: 'has no value' };
  return reader.read(value);
}

/** A field that may be written in two forms: the schema is picked by looking at the value. */
export function eitherForm<T>(pick: (value: unknown) => z.ZodType<T>): z.ZodType<T> {
  return z.unknown().transform((value, context): T => {
    const result = pick(value).safeParse(value);
    if (result.success) return result.data;
    for (const issue of result.error.issues) context.issues.push({ ...issue, input: value } as z.core.$ZodRawIssue);
    return z.NEVER;
  });
}
