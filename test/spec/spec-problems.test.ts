import { describe, expect, it } from 'vitest';
import { SPEC, edited, specProblems } from './documents.ts';

describe('a refused spec', () => {
  it('reports everything at once, in the order of the file', () => {
    const text = edited(
      SPEC,
      ['revenue-tax-fix-2026-06', 'Revenue_Fix'],
      ['2024-12-01', '2025-02-30'],
      ['finance.daily_revenue\n', 'daily_revenue\n'],
      ['  issue: FIN-2841\n', ''],
      ['partitions_per_batch: 7', 'partition_per_batch: 7'],
      ['max_concurrency: 2', 'max_concurrency: 64'],
      ['row_count_tolerance: 0', 'row_count_tolerance: none'],
      ['-1.5% to -0.8%', '-0.8% to -1.5%'],
      ['finance.daily_revenue_pre_FIN_2841', 'finance."open'],
    );
    expect(specProblems(`${text}  window: 10\n`)).toMatchInlineSnapshot(`
      "backfill.yaml:1:14  backfill_id: not a backfill id "Revenue_Fix"; allowed: up to 63 lower-case letters, digits and hyphens, beginning with a letter or digit
      backfill.yaml:5:10  source_range.start: not a day of the calendar "2025-02-30"; allowed: a date as YYYY-MM-DD
      backfill.yaml:9:10  target.table: a name without a schema "daily_revenue"; allowed: schema.name, each part plain or in double quotes
      backfill.yaml:12:1  reason.issue: is missing; allowed: one line of text of at most 100 characters
      backfill.yaml:16:3  execution.partition_per_batch: unknown field "partition_per_batch"; did you mean "partitions_per_batch"?
      backfill.yaml:17:20  execution.max_concurrency: a number out of range "64"; allowed: a whole number from 1 to 32
      backfill.yaml:21:24  validation.row_count_tolerance: not a whole number "none"; allowed: a whole number from 0 to 1000000000
      backfill.yaml:22:27  validation.revenue_delta_expected: a range that ends below its start "-0.8% to -1.5%"; allowed: a range such as "-1.5% to -0.8%", or one percentage
      backfill.yaml:25:13  rollback.snapshot: not a name "finance.\\"open"; allowed: schema.name, each part plain or in double quotes
      backfill.yaml:26:11  rollback.window: a duration without a unit "10"; allowed: a number with a unit (ms, s, m, h, d) such as 10s or 7d, up to 3650d"
    `);
  });

  it('names the fields that are missing at their parent', () => {
    expect(specProblems('owner: x\ntarget:\n  table: a.b\nreason:\n')).toMatchInlineSnapshot(`
      "backfill.yaml:1:1  backfill_id: is missing; allowed: up to 63 lower-case letters, digits and hyphens, beginning with a letter or digit
      backfill.yaml:1:1  rollback.snapshot: is missing; allowed: schema.name, each part plain or in double quotes
      backfill.yaml:1:1  source_range.end: is missing; allowed: a date as YYYY-MM-DD
      backfill.yaml:1:1  source_range.start: is missing; allowed: a date as YYYY-MM-DD
      backfill.yaml:2:1  target.partition_key: is missing; allowed: the name of one column, plain or in double quotes
      backfill.yaml:4:1  reason: has no value; it is a mapping of fields"
    `);
  });

  it('points to the nearest word, here or where it belongs', () => {
    const text = edited(
      SPEC,
      ['owner:', 'maxConcurrency: 2\nowner:'],
      ['  pause_during_live_pipeline', '  pauseDuringLivePipeline'],
      ['revenue_delta_expected', 'revenue_delta_expcted'],
      ['  change:', '  zebra: 1\n  change:'],
    );
    expect(specProblems(text)).toMatchInlineSnapshot(`
      "backfill.yaml:2:1  maxConcurrency: unknown field "maxConcurrency"; did you mean "execution.max_concurrency"?
      backfill.yaml:15:3  reason.zebra: unknown field "zebra"; allowed: issue, change
      backfill.yaml:21:3  execution.pauseDuringLivePipeline: unknown field "pauseDuringLivePipeline"; did you mean "pause_during_live_pipeline"?
      backfill.yaml:25:3  validation.revenue_delta_expcted: unknown field "revenue_delta_expcted"; did you mean "revenue_delta_expected"?"
    `);
  });

  it('never ignores a promise that this version cannot keep', () => {
    const text = edited(
      SPEC,
      [
        'execution:',
        'execution:\n  daily_cost_budget: 20\n  source_rate_limit: 5\n  load_limits: {}\n  compute: { role: slow }',
      ],
      [
        'validation:',
        'validation:\n  max_unexplained_rows: 0\n  tolerances: {}\n  boundary: x\n  sample_rows: 5\n  required: []',
      ],
      ['rollback:', 'publication:\n  strategy: view\n  approvals: 2\n  announce: []\n\nrollback:'],
    );
    expect(specProblems(`${text}  settle_after: 1h\n  monitors: []\n  auto_rollback: true\n`)).toMatchInlineSnapshot(`
      "backfill.yaml:18:3  execution.source_rate_limit: is not supported by this version
      backfill.yaml:19:3  execution.load_limits: is not supported by this version
      backfill.yaml:20:3  execution.compute: is not supported by this version
      backfill.yaml:28:13  validation.boundary: not one of the choices "x"; allowed: off
      backfill.yaml:35:13  publication.strategy: not supported by this version: "view"; allowed: pointer
      backfill.yaml:36:3  publication.approvals: is not supported by this version
      backfill.yaml:41:3  rollback.settle_after: is not supported by this version
      backfill.yaml:42:3  rollback.monitors: neither true nor false "[]"; allowed: true or false"
    `);
  });

  it('wants a range of days that are over, in order, and not all excluded', () => {
    expect(specProblems(edited(SPEC, ['2024-12-01', '2026-06-01']))).toMatchInlineSnapshot(
      `"backfill.yaml:6:8  source_range.end: ends before its start 2026-06-01: "2026-05-31""`,
    );
    expect(specProblems(edited(SPEC, ['end: 2026-05-31', 'end: 2026-06-16']))).toMatchInlineSnapshot(
      `"backfill.yaml:6:8  source_range.end: reaches into partitions that are still open (today is 2026-06-15): "2026-06-16"; allowed: a day that is over"`,
    );
    expect(specProblems(edited(SPEC, ['end: 2026-05-31', 'end: 31.05.2026']))).toMatchInlineSnapshot(
      `"backfill.yaml:6:8  source_range.end: not a date "31.05.2026"; allowed: a date as YYYY-MM-DD"`,
    );
    const exclude = (list: string): string => edited(SPEC, ['\ntarget:', `  exclude: ${list}\n\ntarget:`]);
    expect(specProblems(exclude('[2024-11-30, { start: 2025-02-02, end: 2025-02-01 }, { start: 2025-01-01 }]')))
      .toMatchInlineSnapshot(`
      "backfill.yaml:7:13  source_range.exclude[0]: lies outside source_range: "2024-11-30"; allowed: days from 2024-12-01 to 2026-05-31
      backfill.yaml:7:51  source_range.exclude[1].end: ends before its start 2025-02-02: "2025-02-01"
      backfill.yaml:7:65  source_range.exclude[2].end: is missing; allowed: a date as YYYY-MM-DD"
    `);
    expect(
      specProblems(exclude('[{ start: 2024-12-01, end: 2025-06-30 }, { start: 2025-06-01, end: 2026-05-31 }]')),
    ).toMatchInlineSnapshot(`"backfill.yaml:7:3  source_range.exclude: leaves nothing of source_range to correct"`);
    expect(specProblems(exclude('2025-01-01'))).toMatchInlineSnapshot(
      `"backfill.yaml:7:12  source_range.exclude: not a list "2025-01-01""`,
    );
  });

  it('wants units', () => {
    const one = (field: string): string => specProblems(edited(SPEC, ['execution:', `execution:\n  ${field}`]));
    expect(one('query_timeout: 90')).toMatchInlineSnapshot(
      `"backfill.yaml:17:18  execution.query_timeout: a duration without a unit "90"; allowed: a number with a unit (ms, s, m, h, d) such as 10s or 7d, up to 24d"`,
    );
    expect(one('query_timeout: "90"')).toMatchInlineSnapshot(
      `"backfill.yaml:17:18  execution.query_timeout: a duration without a unit "90"; allowed: a number with a unit (ms, s, m, h, d) such as 10s or 7d, up to 24d"`,
    );
    expect(one('query_timeout: 5 parsecs')).toMatchInlineSnapshot(
      `"backfill.yaml:17:18  execution.query_timeout: a duration with an unknown unit "5 parsecs"; allowed: a number with a unit (ms, s, m, h, d) such as 10s or 7d, up to 24d"`,
    );
    expect(one('query_timeout: soon')).toMatchInlineSnapshot(
      `"backfill.yaml:17:18  execution.query_timeout: not a duration "soon"; allowed: a number with a unit (ms, s, m, h, d) such as 10s or 7d, up to 24d"`,
    );
    expect(one('lock_timeout: 0s')).toMatchInlineSnapshot(
      `"backfill.yaml:17:17  execution.lock_timeout: a duration of nothing "0s"; allowed: a number with a unit (ms, s, m, h, d) such as 10s or 7d, up to 24d"`,
    );
    expect(one('lock_timeout: 30d')).toMatchInlineSnapshot(
      `"backfill.yaml:17:17  execution.lock_timeout: a duration that is too long "30d"; allowed: a number with a unit (ms, s, m, h, d) such as 10s or 7d, up to 24d"`,
    );
    expect(one('daily_bytes_budget: 500')).toMatchInlineSnapshot(
      `"backfill.yaml:17:23  execution.daily_bytes_budget: an amount of bytes without a unit "500"; allowed: a number with a unit: decimal (B, kB, MB, GB, TB) such as 500GB, or binary (KiB, MiB, GiB, TiB) such as 2TiB"`,
    );
    expect(one('daily_bytes_budget: 500 GBit')).toMatchInlineSnapshot(
      `"backfill.yaml:17:23  execution.daily_bytes_budget: not an amount of bytes "500 GBit"; allowed: a number with a unit: decimal (B, kB, MB, GB, TB) such as 500GB, or binary (KiB, MiB, GiB, TiB) such as 2TiB"`,
    );
    expect(one('daily_bytes_budget: 0GB')).toMatchInlineSnapshot(
      `"backfill.yaml:17:23  execution.daily_bytes_budget: an amount of nothing "0GB"; allowed: a number with a unit: decimal (B, kB, MB, GB, TB) such as 500GB, or binary (KiB, MiB, GiB, TiB) such as 2TiB"`,
    );
    expect(one('daily_bytes_budget: 99999999TB')).toMatchInlineSnapshot(
      `"backfill.yaml:17:23  execution.daily_bytes_budget: an amount of bytes that is too large "99999999TB"; allowed: a number with a unit: decimal (B, kB, MB, GB, TB) such as 500GB, or binary (KiB, MiB, GiB, TiB) such as 2TiB"`,
    );
    expect(one('pause_windows: [{ from: "6:00", to: "24:00", time_zone: "+02:00" }]')).toMatchInlineSnapshot(`
      "backfill.yaml:17:27  execution.pause_windows[0].from: not a time of day "6:00"; allowed: HH:MM from 00:00 to 23:59
      backfill.yaml:17:39  execution.pause_windows[0].to: not a time of day "24:00"; allowed: HH:MM from 00:00 to 23:59
      backfill.yaml:17:59  execution.pause_windows[0].time_zone: not a time zone "+02:00"; allowed: a zone by name such as Europe/Berlin, or UTC"
    `);
    expect(one('pause_windows: [{ from: "06:00", to: "06:00" }]')).toMatchInlineSnapshot(
      `"backfill.yaml:17:40  execution.pause_windows[0].to: a window that never opens or never ends "06:00""`,
    );
    expect(one('order: newest')).toMatchInlineSnapshot(
      `"backfill.yaml:17:10  execution.order: not one of the choices "newest"; did you mean "newest_first"? allowed: oldest_first, newest_first"`,
    );
  });

  it('wants percentages', () => {
    const one = (value: string): string =>
      specProblems(
        edited(
          SPEC,
          ['"-1.5% to -0.8%"', value],
          ['\nrollback:', '\npublication:\n  late_drift: { partitions: "101%", measure: 1 }\nrollback:'],
        ),
      );
    expect(one('"-1.5 to -0.8"')).toMatchInlineSnapshot(`
      "backfill.yaml:23:27  validation.revenue_delta_expected: not a range of percentages "-1.5 to -0.8"; allowed: a range such as "-1.5% to -0.8%", or one percentage
      backfill.yaml:26:29  publication.late_drift.partitions: a share outside 0% to 100% "101%"; allowed: a percentage from "0%" to "100%"
      backfill.yaml:26:46  publication.late_drift.measure: not a share "1"; allowed: a percentage from "0%" to "100%""
    `);
    expect(one('{}')).toMatchInlineSnapshot(`
      "backfill.yaml:23:3  validation.revenue_delta_expected: expects nothing; allowed: partition, batch, run or by
      backfill.yaml:26:29  publication.late_drift.partitions: a share outside 0% to 100% "101%"; allowed: a percentage from "0%" to "100%"
      backfill.yaml:26:46  publication.late_drift.measure: not a share "1"; allowed: a percentage from "0%" to "100%""
    `);
    expect(one('{ day: "1%" }')).toMatchInlineSnapshot(`
      "backfill.yaml:23:29  validation.revenue_delta_expected.day: unknown field "day"; allowed: partition, batch, run, by
      backfill.yaml:26:29  publication.late_drift.partitions: a share outside 0% to 100% "101%"; allowed: a percentage from "0%" to "100%"
      backfill.yaml:26:46  publication.late_drift.measure: not a share "1"; allowed: a percentage from "0%" to "100%""
    `);
  });

  it('wants names as SQL has them', () => {
    const one = (name: string): string => specProblems(edited(SPEC, ['finance.daily_revenue_pre_FIN_2841', name]));
    expect(one('snapshot_only')).toMatchInlineSnapshot(
      `"backfill.yaml:26:13  rollback.snapshot: a name without a schema "snapshot_only"; allowed: schema.name, each part plain or in double quotes"`,
    );
    expect(one('db.finance.snapshot')).toMatchInlineSnapshot(
      `"backfill.yaml:26:13  rollback.snapshot: not a name of two parts "db.finance.snapshot"; allowed: schema.name, each part plain or in double quotes"`,
    );
    expect(one('finance.""')).toMatchInlineSnapshot(
      `"backfill.yaml:26:13  rollback.snapshot: a name with an empty part "finance.\\"\\""; allowed: schema.name, each part plain or in double quotes"`,
    );
    expect(one(`finance.${'ä'.repeat(32)}`)).toMatchInlineSnapshot(
      `"backfill.yaml:26:13  rollback.snapshot: a name longer than 63 bytes "finance.ääääääääääääääääääääääääääääääää"; allowed: schema.name, each part plain or in double quotes"`,
    );
    expect(one('"finance.a\\0b"')).toMatchInlineSnapshot(
      `"backfill.yaml:26:13  rollback.snapshot: a name with a NUL character "finance.a\\u0000b"; allowed: schema.name, each part plain or in double quotes"`,
    );
    expect(one('finance.daily-revenue')).toMatchInlineSnapshot(
      `"backfill.yaml:26:13  rollback.snapshot: not a name "finance.daily-revenue"; allowed: schema.name, each part plain or in double quotes"`,
    );
    expect(one('finance."Daily_Revenue"')).toBe('accepted');
    expect(one('FINANCE.Daily_Revenue')).toMatchInlineSnapshot(
      `"backfill.yaml:26:13  rollback.snapshot: is the target table itself: "FINANCE.Daily_Revenue"; allowed: the name of a table that does not exist yet"`,
    );
  });

  it('wants text as text', () => {
    expect(specProblems(edited(SPEC, ['FIN-2841\n', '2841\n']))).toMatchInlineSnapshot(
      `"backfill.yaml:13:10  reason.issue: not text (put it in quotes) "2841"; allowed: one line of text of at most 100 characters"`,
    );
    expect(
      specProblems(edited(SPEC, ['Correct tax', '"Correct\\ntax'], ['calculation', 'calculation"'])),
    ).toMatchInlineSnapshot(
      `"backfill.yaml:14:11  reason.change: text with a line break or a control character "Correct\\ntax-inclusive revenue calculation"; allowed: one line of text of at most 1000 characters"`,
    );
    expect(specProblems(edited(SPEC, ['owner: finance-data', 'owner: ""']))).toMatchInlineSnapshot(
      `"backfill.yaml:2:8  owner: has no value; allowed: one line of text of at most 100 characters"`,
    );
    expect(specProblems(edited(SPEC, ['pipeline: true', 'pipeline: yes']))).toMatchInlineSnapshot(
      `"backfill.yaml:19:31  execution.pause_during_live_pipeline: neither true nor false "yes"; allowed: true or false"`,
    );
  });
});
