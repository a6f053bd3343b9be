import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { decodeSource, readSourceText } from '../../src/spec/source-text.ts';
import { formatProblem } from '../../src/spec/spec-problem.ts';
import { SPEC, edited, specOf, specProblems } from './documents.ts';

describe('a YAML document', () => {
  it('is read by the rules of YAML 1.2 whatever it says of itself', () => {
    expect(specOf(`%YAML 1.1\n---\n${SPEC}`).spec.sourceRange).toEqual({ start: '2024-12-01', end: '2026-05-31' });
    expect(specProblems(`%YAML 1.1\n---\n${edited(SPEC, ['pipeline: true', 'pipeline: on'])}`)).toMatchInlineSnapshot(
      `"backfill.yaml:21:31  execution.pause_during_live_pipeline: neither true nor false "on"; allowed: true or false"`,
    );
  });

  it('may start with a byte order mark, end its lines with CRLF and use an alias', () => {
    const { spec } = specOf(
      edited(
        `\uFEFF${SPEC}`,
        ['start: 2024-12-01', 'start: &first 2024-12-01'],
        ['\ntarget:', '  exclude: [*first]\n\ntarget:'],
      ).replaceAll('\n', '\r\n'),
    );
    expect(spec.interval).toEqual([{ start: '2024-12-02', end: '2026-06-01' }]);
  });

  it('holds each field once', () => {
    expect(specProblems(edited(SPEC, ['owner: finance-data', 'owner: a\nowner: b\nownr: c']))).toMatchInlineSnapshot(`
      "backfill.yaml:3:1  the field is written twice "owner"; allowed: each field once
      backfill.yaml:4:1  ownr: unknown field "ownr"; did you mean "owner"?"
    `);
  });

  it('is one document, not empty, of fields', () => {
    expect(specProblems('')).toMatchInlineSnapshot(
      `"backfill.yaml:1:1  the document is empty; allowed: at least its required fields"`,
    );
    expect(specProblems('# nothing yet\n')).toMatchInlineSnapshot(
      `"backfill.yaml:1:1  the document is empty; allowed: at least its required fields"`,
    );
    expect(specProblems('- a\n- b\n')).toMatchInlineSnapshot(
      `"backfill.yaml:1:1  the document is not a mapping of fields "[\\"a\\",\\"b\\"]"; allowed: lines of the form "field: value""`,
    );
    expect(specProblems('just text')).toMatchInlineSnapshot(
      `"backfill.yaml:1:1  the document is not a mapping of fields "just text"; allowed: lines of the form "field: value""`,
    );
    expect(specProblems(`${SPEC}---\n${SPEC}`)).toMatchInlineSnapshot(
      `"backfill.yaml:27:1  the file holds more than one document "---"; allowed: one document a file, without "---" in between"`,
    );
  });

  it('is indented with spaces, closed and plain', () => {
    expect(specProblems(edited(SPEC, ['  table:', '\ttable:']))).toMatchInlineSnapshot(`
      "backfill.yaml:9:1  a tab is used as indentation; allowed: spaces
      backfill.yaml:9:9  not valid YAML: Nested mappings are not allowed in compact mappings "finance.daily_revenue"
      backfill.yaml:9:9  not valid YAML: Implicit keys need to be on a single line "finance.daily_revenue""
    `);
    expect(specProblems(edited(SPEC, ['"-1.5% to', '"-1.5 to'], ['-0.8%"', '-0.8']))).toMatchInlineSnapshot(
      `"backfill.yaml:27:1  not valid YAML: Missing closing "quote"`,
    );
    expect(specProblems(edited(SPEC, ['finance.daily_revenue\n', '@finance\n']))).toMatchInlineSnapshot(
      `"backfill.yaml:9:10  not valid YAML: Plain value cannot start with reserved character @ "@""`,
    );
    expect(specProblems(edited(SPEC, ['2024-12-01', '!!timestamp 2024-12-01']))).toMatchInlineSnapshot(
      `"backfill.yaml:5:10  tags are not understood here "!!timestamp"; allowed: the plain value, without "!""`,
    );
    expect(specProblems(edited(SPEC, ['2024-12-01', '*first']))).toMatchInlineSnapshot(
      `"backfill.yaml:5:10  the alias has no anchor before it "*first"; allowed: the value, written out"`,
    );
    expect(specProblems('? [a, b]\n: c\n')).toMatchInlineSnapshot(
      `"backfill.yaml:1:3  the name of a field is not a word "["; allowed: a plain word before the colon"`,
    );
    expect(specProblems('a: 1\n<<: { b: 2 }\n__proto__: { c: 3 }\n').split('\n').slice(0, 9).join('\n'))
      .toMatchInlineSnapshot(`
      "backfill.yaml:1:1  a: unknown field "a"; allowed: backfill_id, owner, source_range, target, reason, execution, validation, publication, rollback
      backfill.yaml:1:1  backfill_id: is missing; allowed: up to 63 lower-case letters, digits and hyphens, beginning with a letter or digit
      backfill.yaml:1:1  owner: is missing; allowed: one line of text of at most 100 characters
      backfill.yaml:1:1  reason: is missing; it is a mapping of fields
      backfill.yaml:1:1  rollback.snapshot: is missing; allowed: schema.name, each part plain or in double quotes
      backfill.yaml:1:1  source_range.end: is missing; allowed: a date as YYYY-MM-DD
      backfill.yaml:1:1  source_range.start: is missing; allowed: a date as YYYY-MM-DD
      backfill.yaml:1:1  target: is missing; it is a mapping of fields
      backfill.yaml:2:1  "<<": unknown field "<<"; allowed: backfill_id, owner, source_range, target, reason, execution, validation, publication, rollback"
    `);
  });

  it('does not expand or nest without bound', () => {
    const levels = [...'abcdefghi'].map((name, index, all) => {
      const inner = index === 0 ? 'x' : `*${all[index - 1] ?? ''}`;
      return `${name}: &${name} [${Array.from({ length: 9 }, () => inner).join(', ')}]`;
    });
    expect(specProblems(levels.join('\n'))).toMatchInlineSnapshot(
      `"backfill.yaml:1:1  aliases expand to more than the document may hold; allowed: at most 100 expansions; write the values out"`,
    );
    expect(specProblems(`owner: ${'['.repeat(20_000)}`).split('\n', 1)[0]).toMatchInlineSnapshot(
      `"backfill.yaml:1:825  the document is nested too deeply "["; allowed: a handful of levels"`,
    );
  });

  it('is UTF-8 text', () => {
    expect(specProblems(edited(SPEC, ['finance-data', 'fin\0ance']))).toMatchInlineSnapshot(
      `"backfill.yaml:2:11  the text holds a NUL character; allowed: text without it"`,
    );
    expect(specProblems(edited(SPEC, ['finance-data', 'B\uFFFDro']))).toMatchInlineSnapshot(
      `"backfill.yaml:2:9  the text is not UTF-8; allowed: UTF-8; save the file again in that encoding"`,
    );
    const latin1 = decodeSource(Buffer.from(`owner: B${String.fromCharCode(0xfc)}ro`, 'latin1'), 'backfill.yaml');
    expect(latin1.ok ? '' : formatProblem(latin1.problem)).toMatchInlineSnapshot(
      `"backfill.yaml  the file is not UTF-8 text; allowed: UTF-8; save the file again in that encoding"`,
    );
    const large = decodeSource(new Uint8Array(1024 * 1024 + 1), 'backfill.yaml');
    expect(large.ok ? '' : formatProblem(large.problem)).toMatchInlineSnapshot(
      `"backfill.yaml  the file is too large (1048577 bytes); allowed: at most 1048576 bytes"`,
    );
  });
});

describe('a file', () => {
  it('is read, or said to be missing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'source-text-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'spec.yaml'), 'owner: é');
    expect(await readSourceText(join(folder, 'spec.yaml'), 'spec.yaml')).toEqual({ ok: true, text: 'owner: é' });
    const missing = await readSourceText(join(folder, 'none.yaml'), 'none.yaml');
    expect(missing.ok ? '' : formatProblem(missing.problem)).toMatchInlineSnapshot(
      `"none.yaml  the file does not exist; allowed: the path of an existing file"`,
    );
    const directory = await readSourceText(folder, 'folder');
    expect(directory.ok ? '' : formatProblem(directory.problem)).toMatchInlineSnapshot(
      `"folder  the file cannot be read (EISDIR); allowed: a file that this user may read"`,
    );
  });
});
