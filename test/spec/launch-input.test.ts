import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readLaunchInput } from '../../src/spec/launch-input.ts';
import { parseOverride } from '../../src/spec/override.ts';
import { parseSpec } from '../../src/spec/parse-spec.ts';
import { formatProblem } from '../../src/spec/spec-problem.ts';
import { SPEC, TODAY } from './documents.ts';

const file = 'workflow argument';

describe('a launch argument', () => {
  it('holds the spec as text or as a value', () => {
    expect(readLaunchInput({ spec: SPEC, requestedBy: ' dana ', traceId: 'x' })).toEqual({
      specSource: { text: SPEC, file },
      requestedBy: 'dana',
      overrides: [],
      problems: [],
    });
    const value = parse(SPEC) as unknown;
    expect(readLaunchInput({ spec: value }).specSource).toEqual({ value, file });
  });

  it('may be the bare spec', () => {
    const value = parse(SPEC) as unknown;
    expect(readLaunchInput(value)).toEqual({
      specSource: { value, file },
      requestedBy: null,
      overrides: [],
      problems: [],
    });
    expect(readLaunchInput(SPEC).specSource).toEqual({ text: SPEC, file });
  });

  it('takes overrides as a list or as a mapping', () => {
    const window = { path: 'rollback.window', value: '10s' };
    expect(readLaunchInput({ spec: SPEC, set: ['rollback.window=10s'] }).overrides).toEqual([window]);
    expect(
      readLaunchInput({ spec: SPEC, set: { 'rollback.window': '10s', 'execution.max_concurrency': 4 } }).overrides,
    ).toEqual([window, { path: 'execution.max_concurrency', value: '4' }]);
  });

  it.each([undefined, null, 7, [], {}])('is refused by the parser where it is %j', (argument) => {
    expect(parseSpec(readLaunchInput(argument).specSource, [], TODAY).ok).toBe(false);
  });

  it('reports what is wrong with the envelope', () => {
    const messages = (argument: unknown): string => readLaunchInput(argument).problems.map(formatProblem).join('\n');
    expect(messages({ spec: SPEC, requestedBy: 7, set: 'rollback.window=10s' })).toMatchInlineSnapshot(`
      "workflow argument  requestedBy: not a name "7"; allowed: text
      workflow argument  set: not a list of overrides "rollback.window=10s"; allowed: a list of field=value"
    `);
    expect(messages({ spec: SPEC, set: ['rollback.window', '=x', 'a..b=1'] })).toMatchInlineSnapshot(`
      "--set  not an override "rollback.window"; allowed: field=value, as in rollback.window=10s
      --set  not an override "=x"; allowed: field=value, as in rollback.window=10s
      --set  not an override "a..b=1"; allowed: field=value, as in rollback.window=10s"
    `);
    for (const historyBudget of [49, 1_501, 60.5, '60', null])
      expect(messages({ spec: SPEC, historyBudget })).toMatch(
        /^workflow argument {2}historyBudget: not a number of events.*; allowed: a whole number from 50 to 1500$/,
      );
    expect(messages({ spec: SPEC, requestedBy: '', set: null, historyBudget: 50 })).toBe('');
  });
});

describe('an override', () => {
  it('is a field and a value, which may hold an equals sign', () => {
    expect(parseOverride('reason.change = a=b')).toEqual({
      ok: true,
      override: { path: 'reason.change', value: 'a=b' },
    });
    expect(parseOverride('execution.pause_windows[0].from=06:00')).toMatchObject({ ok: true });
  });
});
