import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseSpec } from '../../src/spec/parse-spec.ts';
import { formatProblem } from '../../src/spec/spec-problem.ts';
import { SPEC, TODAY, edited, specOf, specProblems } from './documents.ts';
import { EXPECTS_NOTHING } from '../support/expectations.ts';

describe('a backfill spec', () => {
  it('is read as it is written in the documentation', () => {
    expect(specOf(SPEC).spec).toEqual({
      backfillId: 'revenue-tax-fix-2026-06',
      owner: 'finance-data',
      sourceRange: { start: '2024-12-01', end: '2026-05-31' },
      interval: [{ start: '2024-12-01', end: '2026-06-01' }],
      target: { table: { schema: 'finance', name: 'daily_revenue' }, partitionKey: 'revenue_date' },
      reason: { issue: 'FIN-2841', change: 'Correct tax-inclusive revenue calculation' },
      execution: {
        partitionsPerBatch: 7,
        maxConcurrency: 2,
        pauseDuringLivePipeline: true,
        order: 'oldest_first',
        queryTimeoutMs: 900_000,
        lockTimeoutMs: 1_000,
        dailyBytesBudget: null,
        pauseWindows: [],
      },
      validation: {
        ...EXPECTS_NOTHING,
        rowCountTolerance: 0,
        inputDrift: 'refused',
        deltaExpected: { revenue: { batch: { low: -1.5, high: -0.8 }, run: { low: -1.5, high: -0.8 } } },
      },
      publication: {
        strategy: 'pointer',
        lateDrift: { partitionsPercent: 1, measurePercent: 0.1, maxLagMs: 900_000 },
        maxFenceMs: 3_000,
        directReaders: [],
        announce: [],
      },
      rollback: {
        snapshot: { schema: 'finance', name: 'daily_revenue_pre_fin_2841' },
        windowMs: 604_800_000,
        retainAfterSignOffMs: 604_800_000,
        monitors: true,
        autoRollback: true,
      },
    });
  });

  it('lists every default that it used', () => {
    expect(
      specOf(SPEC)
        .defaults.map(({ path, value }) => `${path}: ${value}`)
        .join('\n'),
    ).toMatchInlineSnapshot(`
      "source_range.exclude: none
      execution.order: oldest_first
      execution.query_timeout: 15m
      execution.lock_timeout: 1s
      execution.daily_bytes_budget: none
      execution.daily_cost_budget: none
      execution.pause_windows: none
      validation.input_drift: refused
      validation.max_unexplained_rows: none
      validation.max_unexplained_delta: none
      validation.tolerances: none
      validation.sample_rows: 5
      validation.required: none
      publication.strategy: pointer
      publication.late_drift.partitions: 1%
      publication.late_drift.measure: 0.1%
      publication.late_drift.max_lag: 15m
      publication.max_fence: 3s
      publication.direct_readers: none
      publication.announce: none
      rollback.window: 7d
      rollback.retain_after_sign_off: 7d
      rollback.monitors: true
      rollback.auto_rollback: true
      validation.boundary.deviations: 6
      validation.boundary.least: 2%
      validation.boundary.history: 12"
    `);
  });

  it('needs no section whose fields all have defaults', () => {
    const short = SPEC.slice(0, SPEC.indexOf('execution:')) + SPEC.slice(SPEC.indexOf('rollback:'));
    const { spec, defaults } = specOf(short);
    expect(spec.execution.maxConcurrency).toBe(1);
    expect(spec.validation).toEqual({ ...EXPECTS_NOTHING, inputDrift: 'refused' });
    expect(defaults).toContainEqual({ path: 'validation.row_count_tolerance', value: '0' });
  });

  it('takes every optional field', () => {
    const full = edited(
      SPEC,
      ['# inclusive as written; half-open inside', '\n  exclude: [2025-01-01, { start: 2025-03-01, end: 2025-03-07 }]'],
      [
        '  max_concurrency: 2',
        `  max_concurrency: 32
  order: newest_first
  query_timeout: 2h
  lock_timeout: 200ms
  daily_bytes_budget: 2TiB
  pause_windows:
    - { from: "06:00", to: "09:30", time_zone: Europe/Berlin }
    - { from: "23:00", to: "01:00" }`,
      ],
      [
        '\nrollback:',
        `  gross_delta_expected: { partition: "-5% to 5%", run: "−1%" }

publication:
  strategy: pointer
  late_drift: { partitions: "2%", measure: "0.5%", max_lag: 1h }
  max_fence: 500ms
  direct_readers: [role:analyst, finance.monthly]

rollback:
  window: 10s
  retain_after_sign_off: 0s`,
      ],
    );
    const { spec } = specOf(full);
    expect(spec.interval).toEqual([
      { start: '2024-12-01', end: '2025-01-01' },
      { start: '2025-01-02', end: '2025-03-01' },
      { start: '2025-03-08', end: '2026-06-01' },
    ]);
    expect(spec.execution).toEqual({
      partitionsPerBatch: 7,
      maxConcurrency: 32,
      pauseDuringLivePipeline: true,
      order: 'newest_first',
      queryTimeoutMs: 7_200_000,
      lockTimeoutMs: 200,
      dailyBytesBudget: 2 * 2 ** 40,
      pauseWindows: [
        { from: '06:00', to: '09:30', timeZone: 'Europe/Berlin' },
        { from: '23:00', to: '01:00', timeZone: 'UTC' },
      ],
    });
    expect(spec.validation.deltaExpected['gross']).toEqual({
      partition: { low: -5, high: 5 },
      run: { low: -1, high: -1 },
    });
    expect(spec.publication).toEqual({
      strategy: 'pointer',
      lateDrift: { partitionsPercent: 2, measurePercent: 0.5, maxLagMs: 3_600_000 },
      maxFenceMs: 500,
      announce: [],
      directReaders: ['role:analyst', 'finance.monthly'],
    });
    expect(spec.rollback).toMatchObject({ windowMs: 10_000, retainAfterSignOffMs: 0 });
  });

  it('is the same as a JSON value, whose problems have no position', () => {
    const value = parse(SPEC) as unknown;
    const same = parseSpec({ value, file: 'workflow argument' }, [], TODAY);
    expect(same.ok && same.spec).toEqual(specOf(SPEC).spec);
    expect(same.ok && same.specHash).toBe(specOf(SPEC).specHash);
    expect(specOf(SPEC.replace('max_concurrency: 2', 'max_concurrency: 1')).specHash).not.toBe(specOf(SPEC).specHash);
    const refused = parseSpec({ value: { ...(value as object), ownr: 'x' }, file: 'workflow argument' }, [], TODAY);
    expect(refused.ok ? '' : refused.problems.map(formatProblem).join('\n')).toMatchInlineSnapshot(
      `"workflow argument  ownr: unknown field "ownr"; did you mean "owner"?"`,
    );
    const none = parseSpec({ value: [1], file: 'workflow argument' }, [], TODAY);
    expect(none.ok ? '' : none.problems.map(formatProblem).join('\n')).toMatchInlineSnapshot(
      `"workflow argument  the document is not a mapping of fields "[1]"; allowed: lines of the form "field: value""`,
    );
  });

  it('says where a field stands, or else its parent', () => {
    const { locate } = specOf(SPEC);
    expect(locate('execution.max_concurrency')).toEqual({ file: 'backfill.yaml', line: 18, column: 20 });
    expect(locate('execution.max_concurrency', 'key')).toEqual({ file: 'backfill.yaml', line: 18, column: 3 });
    expect(locate('execution.order')).toEqual({ file: 'backfill.yaml', line: 16, column: 1 });
    expect(locate('publication.strategy')).toEqual({ file: 'backfill.yaml', line: 1, column: 1 });
  });
});

describe('an override', () => {
  it('replaces a field and is recorded with what it replaced', () => {
    const parsed = specOf(SPEC, [
      { path: 'rollback.window', value: '10s' },
      { path: 'execution.max_concurrency', value: '4' },
      { path: 'source_range.exclude', value: '[2025-01-01]' },
    ]);
    expect(parsed.spec.rollback.windowMs).toBe(10_000);
    expect(parsed.spec.execution.maxConcurrency).toBe(4);
    expect(parsed.spec.interval).toHaveLength(2);
    expect(parsed.overrides).toEqual([
      { path: 'rollback.window', value: '10s', was: null },
      { path: 'execution.max_concurrency', value: '4', was: '2' },
      { path: 'source_range.exclude', value: '[2025-01-01]', was: null },
    ]);
    expect(parsed.defaults.map(({ path }) => path)).not.toContain('rollback.window');
  });

  it('is refused with its own name in place of the file', () => {
    expect(
      specProblems(SPEC, [
        { path: 'rollback.windw', value: '10s' },
        { path: 'rolback.window', value: '10s' },
        { path: 'rollback.window', value: '10' },
        { path: 'owner.name', value: 'x' },
        { path: 'reason.change', value: '*x' },
      ]),
    ).toMatchInlineSnapshot(`
      "--set  owner.name: there is no such field to set "x"
      --set  reason.change: not a value "*x"; allowed: one YAML value, as in 10s or [2025-01-01]
      --set  rolback: unknown field "rolback"; did you mean "rollback"?
      --set  rollback.window: a duration without a unit "10"; allowed: a number with a unit (ms, s, m, h, d) such as 10s or 7d, up to 3650d
      --set  rollback.windw: unknown field "windw"; did you mean "window"?"
    `);
  });

  it('bounds what no named reason explains, tolerates differences of columns, and says what is expected of single values', () => {
    const { spec } = specOf(
      SPEC.replace(
        'row_count_tolerance: 0',
        `row_count_tolerance: 0
  max_unexplained_rows: { batch: 3, run: 10 }
  max_unexplained_delta: { gross: 0.5 }
  tolerances: { net_revenue: { absolute: 0.01, relative: 0.001%, drift: 5 }, '"Odd Name"': { absolute: 1, drift: 0 } }
  boundary: off
  sample_rows: 2
  required: [tax_amount]
  gross_delta_expected: { by: { merchant_id: "-2% to 2%" } }`,
      ),
    );
    expect(spec.validation).toMatchObject({
      maxUnexplainedRows: { batch: 3, run: 10 },
      maxUnexplainedDelta: { gross: { batch: 0.5, run: 0.5 } },
      tolerances: {
        net_revenue: { absolute: 0.01, relativePercent: 0.001, drift: 5 },
        'Odd Name': { absolute: 1, relativePercent: 0, drift: 0 },
      },
      boundary: null,
      sampleRows: 2,
      required: ['tax_amount'],
      deltaExpectedBy: { gross: { merchant_id: { low: -2, high: 2 } } },
    });
    expect(spec.validation.deltaExpected['gross']).toEqual({});
  });
});
