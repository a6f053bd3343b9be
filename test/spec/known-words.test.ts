import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { contractSchema } from '../../src/spec/contract-schema.ts';
import type { Word } from '../../src/spec/known-words.ts';
import { CONTRACT_WORDS, SPEC_WORDS } from '../../src/spec/known-words.ts';
import { specSchema } from '../../src/spec/spec-schema.ts';

/** The field names of a word table that are acted on, nested ones as `section.field`. */
function supported(word: Word, path = ''): readonly string[] {
  if (word.kind === 'list' || word.kind === 'named') return supported(word.item, path);
  if (word.kind !== 'section') return [];
  return Object.entries(word.words).flatMap(([name, inner]) =>
    inner.kind === 'later' ? [] : [`${path}${name}`, ...supported(inner, `${path}${name}.`)],
  );
}

/** The field names that a schema reads, as far as it is made of objects, lists and records. */
function read(schema: z.core.$ZodType, path = ''): readonly string[] {
  if (schema instanceof z.ZodOptional) return read(schema.unwrap(), path);
  if (schema instanceof z.ZodArray) return read(schema.element, path);
  if (schema instanceof z.ZodRecord) return read(schema.valueType, path);
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape as Record<string, z.core.$ZodType>).flatMap(([name, inner]) => [
    `${path}${name}`,
    ...read(inner, `${path}${name}.`),
  ]);
}

describe('the table of known words', () => {
  it('names exactly the fields of a spec that its schema reads', () => {
    // What is read in either of two forms, or keyed by columns, is hidden by the schema.
    const hidden = [
      ...['start', 'end'].map((word) => `source_range.exclude.${word}`),
      ...['max_unexplained_rows', 'max_unexplained_delta'].flatMap((bounds) =>
        ['batch', 'run'].map((word) => `validation.${bounds}.${word}`),
      ),
      ...['absolute', 'relative', 'drift'].map((word) => `validation.tolerances.${word}`),
      ...['deviations', 'least', 'history'].map((word) => `validation.boundary.${word}`),
    ];
    expect([...read(specSchema), ...hidden].sort()).toEqual([...supported(SPEC_WORDS)].sort());
  });

  it('names exactly the fields of a contract that its schema reads', () => {
    expect([...read(contractSchema)].sort()).toEqual([...supported(CONTRACT_WORDS)].sort());
  });
});
