import { describe, expect, it } from 'vitest';
import { CONTRACT, contractProblems, edited } from './documents.ts';

describe('a refused contract', () => {
  it('reports everything at once', () => {
    const text = edited(
      CONTRACT,
      ['approvers: [finance-controller, finance-director]', 'approvers: []'],
      ['revenue-operations]', 'finance-data]'],
      ['published_view: finance.daily_revenue_current', 'published_view: Finance.Daily_Revenue'],
      ['grain: day', 'grain: dayly'],
      ['required: [gross_revenue, net_revenue]', 'required: [net_revenue, net_revenue, 7]'],
      ['sum(net_revenue)', 'sum(net_revenue))'],
      ['  gross: {', '  grss: {'],
      ['[staging.merchants]', '[merchants]'],
      ['tax_was_included:', 'Tax was included:'],
      ['started_signal_expires: 2h', 'started_signal_expires: 2'],
      ['on_breach: hold', 'on_breach: stop'],
      ['within 0.1%', 'within reason'],
      ['"env:FINANCE_SLACK_WEBHOOK"', 'https://hooks.example/secret'],
      ['overdue]', 'overdo]'],
    );
    expect(contractProblems(text)).toMatchInlineSnapshot(`
      "daily_revenue.contract.yaml:3:1  approvers: an empty list; allowed: at least one entry
      daily_revenue.contract.yaml:4:49  sign_off[2]: is listed twice: "finance-data"
      daily_revenue.contract.yaml:5:17  published_view: is the dataset itself: "Finance.Daily_Revenue"; allowed: a view over the dataset; \`backfill adopt\` puts a table behind one
      daily_revenue.contract.yaml:7:40  partition.grain: not one of the choices "dayly"; allowed: hour, day, week, month
      daily_revenue.contract.yaml:9:25  required[1]: is listed twice: "net_revenue"
      daily_revenue.contract.yaml:9:38  required[2]: not a name "7"; allowed: the name of one column, plain or in double quotes
      daily_revenue.contract.yaml:11:12  measures.revenue: an expression with unbalanced parentheses: "sum(net_revenue))"; allowed: one SQL expression over columns
      daily_revenue.contract.yaml:22:3  source_totals.grss: not a measure of this contract "grss"; did you mean "gross"?
      daily_revenue.contract.yaml:23:20  reference_inputs[0]: a name without a schema "merchants"; allowed: schema.name, each part plain or in double quotes
      daily_revenue.contract.yaml:26:3  explanations."Tax was included": not a plain name "Tax was included"; allowed: up to 40 lower-case letters, digits and underscores, beginning with a letter
      daily_revenue.contract.yaml:30:27  live_pipeline.started_signal_expires: a duration without a unit "2"; allowed: a number with a unit (ms, s, m, h, d) such as 10s or 7d, up to 24d
      daily_revenue.contract.yaml:33:127  consumers.finance-export.on_breach: not one of the choices "stop"; allowed: alert, hold, rollback
      daily_revenue.contract.yaml:34:101  consumers.revenue-dashboard.expect: not an expectation "within reason"; allowed: equals_published, "within 0.1%", "within 5% of baseline", "psi < 0.2", "errors = 0" or "errors = 0, p95 within 3x"
      daily_revenue.contract.yaml:38:16  announce[0].webhook: not a reference to a secret; allowed: env:NAME, the environment variable of the worker that holds it
      daily_revenue.contract.yaml:38:123  announce[0].when[5]: not one of the choices "overdo"; did you mean "overdue"? allowed: approval_requested, published, rolled_back, held, sign_off_requested, overdue, lagging"
    `);
  });

  it('wants somebody to sign off: without, nothing would stand between publication and consolidation', () => {
    const text = edited(CONTRACT, [
      'sign_off: [finance-data, business-intelligence, revenue-operations]',
      'sign_off: []',
    ]);
    expect(contractProblems(text)).toBe(
      'daily_revenue.contract.yaml:4:1  sign_off: an empty list; allowed: at least one entry',
    );
  });

  it('wants the fields that nothing works without', () => {
    expect(contractProblems('owner: x\n')).toMatchInlineSnapshot(`
      "daily_revenue.contract.yaml:1:1  approvers: is missing; it is a list
      daily_revenue.contract.yaml:1:1  dataset: is missing; allowed: schema.name, each part plain or in double quotes
      daily_revenue.contract.yaml:1:1  partition: is missing; it is a mapping of fields
      daily_revenue.contract.yaml:1:1  published_view: is missing; allowed: schema.name, each part plain or in double quotes
      daily_revenue.contract.yaml:1:1  sign_off: is missing; it is a list
      daily_revenue.contract.yaml:1:1  transform.corrected: is missing; it is a list
      daily_revenue.contract.yaml:1:1  unique_key: is missing; it is a list"
    `);
  });

  it('wants eras in order that begin where partitions do', () => {
    expect(
      contractProblems(
        edited(
          CONTRACT,
          ['2025-07-01', '2024-01-01'],
          ['2024-01-01, sql: transforms/daily_revenue.trusted', '2024-1-1, sql: transforms/daily_revenue.trusted'],
        ),
      ),
    ).toMatchInlineSnapshot(`
      "daily_revenue.contract.yaml:17:15  transform.corrected[1].from: begins no later than the era before it (2024-01-01): "2024-01-01"
      daily_revenue.contract.yaml:19:15  transform.trusted[0].from: not a date "2024-1-1"; allowed: a date as YYYY-MM-DD"
    `);
    expect(
      contractProblems(edited(CONTRACT, ['grain: day', 'grain: month'], ['2025-07-01', '2025-07-02'])),
    ).toMatchInlineSnapshot(
      `"daily_revenue.contract.yaml:17:15  transform.corrected[1].from: begins inside a partition of grain month: "2025-07-02"; allowed: the first day of a month"`,
    );
    expect(contractProblems(edited(CONTRACT, ['grain: day', 'grain: week']))).toMatchInlineSnapshot(
      `"daily_revenue.contract.yaml:17:15  transform.corrected[1].from: begins inside a partition of grain week: "2025-07-01"; allowed: a Monday"`,
    );
    expect(
      contractProblems(edited(CONTRACT, ['grain: day', 'grain: hour, time_zone: Mars/Olympus'])),
    ).toMatchInlineSnapshot(
      `"daily_revenue.contract.yaml:7:57  partition.time_zone: not a time zone "Mars/Olympus"; allowed: a zone by name such as Europe/Berlin, or UTC"`,
    );
  });

  it('wants SQL files inside its folder', () => {
    const one = (path: string): string => contractProblems(edited(CONTRACT, ['totals/gross_by_day.sql', path]));
    expect(one('../other/gross.sql')).toMatchInlineSnapshot(
      `"daily_revenue.contract.yaml:22:17  source_totals.gross.sql: a path that leaves the contracts folder "../other/gross.sql"; allowed: a path inside the contracts folder that ends in .sql, relative to the contract"`,
    );
    expect(one('/etc/gross.sql')).toMatchInlineSnapshot(
      `"daily_revenue.contract.yaml:22:17  source_totals.gross.sql: an absolute path "/etc/gross.sql"; allowed: a path inside the contracts folder that ends in .sql, relative to the contract"`,
    );
    expect(one('C:/gross.sql')).toMatchInlineSnapshot(
      `"daily_revenue.contract.yaml:22:17  source_totals.gross.sql: an absolute path "C:/gross.sql"; allowed: a path inside the contracts folder that ends in .sql, relative to the contract"`,
    );
    expect(one('totals\\gross.sql')).toMatchInlineSnapshot(
      `"daily_revenue.contract.yaml:22:17  source_totals.gross.sql: not a path of an SQL file "totals\\\\gross.sql"; allowed: a path inside the contracts folder that ends in .sql, relative to the contract"`,
    );
    expect(one('"select 1"')).toMatchInlineSnapshot(
      `"daily_revenue.contract.yaml:22:17  source_totals.gross.sql: not a path of an SQL file "select 1"; allowed: a path inside the contracts folder that ends in .sql, relative to the contract"`,
    );
  });

  it('wants expressions that stay inside their parentheses', () => {
    const one = (expression: string): string => contractProblems(edited(CONTRACT, ['sum(gross_revenue)', expression]));
    expect(one('"sum(x); drop table y"')).toMatchInlineSnapshot(
      `"daily_revenue.contract.yaml:12:10  measures.gross: more than one expression: "sum(x); drop table y"; allowed: one SQL expression over columns"`,
    );
    expect(one('"sum(x) -- all"')).toMatchInlineSnapshot(
      `"daily_revenue.contract.yaml:12:10  measures.gross: an expression with a comment: "sum(x) -- all"; allowed: one SQL expression over columns"`,
    );
    expect(one(`"sum('x)"`)).toMatchInlineSnapshot(
      `"daily_revenue.contract.yaml:12:10  measures.gross: an expression with a literal or comment that has no end: "sum('x)"; allowed: one SQL expression over columns"`,
    );
    expect(one('"sum(x)) + (1"')).toMatchInlineSnapshot(
      `"daily_revenue.contract.yaml:12:10  measures.gross: an expression with unbalanced parentheses: "sum(x)) + (1"; allowed: one SQL expression over columns"`,
    );
    expect(one('"sum(:x)"')).toMatchInlineSnapshot(
      `"daily_revenue.contract.yaml:12:10  measures.gross: an expression with a parameter: "sum(:x)"; allowed: one SQL expression over columns"`,
    );
    expect(one('"/* */"')).toMatchInlineSnapshot(
      `"daily_revenue.contract.yaml:12:10  measures.gross: an empty expression "/* */"; allowed: one SQL expression over columns"`,
    );
    expect(one(`"sum(x[1:2]::int) filter (where y = ';')"`)).toBe('accepted');
  });

  it('wants no personal column where it could not be masked', () => {
    const one = (names: string): string =>
      contractProblems(edited(CONTRACT, ['required: [gross_revenue', `personal: ${names}\nrequired: [gross_revenue`]));
    expect(one('[merchant_id, "Name"]')).toBe('accepted');
    expect(one('[Revenue_Date]')).toMatchInlineSnapshot(
      `"daily_revenue.contract.yaml:9:12  personal[0]: is the partition key: "revenue_date"; allowed: other columns: every list of partitions names this one"`,
    );
    expect(one('[NET_revenue, merchant_id, merchant_id]')).toMatchInlineSnapshot(`
      "daily_revenue.contract.yaml:9:38  personal[2]: is listed twice: "merchant_id"
      daily_revenue.contract.yaml:12:12  measures.revenue: reads the personal column net_revenue, and every row that is shown is shown with the first measure: "sum(net_revenue)"; allowed: another measure before this one"
    `);
    // The measure after the first is shown of groups alone.
    expect(one('[gross_revenue]')).toBe('accepted');
  });

  it('wants one probe, and a monitor together with what it expects', () => {
    const http = 'http: { url: "https://u:p@airflow.internal", header: secret, path: total, running_when: many }';
    expect(contractProblems(edited(CONTRACT, ['  started_signal', `  ${http}\n  started_signal`])))
      .toMatchInlineSnapshot(`
        "daily_revenue.contract.yaml:30:3  live_pipeline.http: a second probe; allowed: running (an SQL file) or http, not both
        daily_revenue.contract.yaml:30:16  live_pipeline.http.url: a URL with a secret in it (use header: "env:NAME"); allowed: an http or https URL without user name and password
        daily_revenue.contract.yaml:30:56  live_pipeline.http.header: not a reference to a secret; allowed: env:NAME, the environment variable of the worker that holds it
        daily_revenue.contract.yaml:30:70  live_pipeline.http.path: not a path into the answer "total"; allowed: $.field, $.field[0].field
        daily_revenue.contract.yaml:30:91  live_pipeline.http.running_when: not a condition "many"; allowed: a comparison such as "> 0", "= true" or "!= 'idle'""
      `);
    expect(
      contractProblems(
        edited(CONTRACT, [', expect: equals_published', ''], [' monitor: monitors/dashboard_total.sql,', '']),
      ),
    ).toMatchInlineSnapshot(`
      "daily_revenue.contract.yaml:33:3  consumers.finance-export.expect: is missing, since there is a field "monitor"
      daily_revenue.contract.yaml:34:3  consumers.revenue-dashboard.monitor: is missing, since there is a field "expect""
    `);
  });

  it('takes a source total from a query or from a file of figures, and not from both or from nowhere', () => {
    const total = (way: string): string =>
      contractProblems(edited(CONTRACT, ['{ sql: totals/gross_by_day.sql, tolerance: 0 }', way]));
    expect(total('{ csv: ledger/gl.csv, tolerance: 0.01 }')).toBe('accepted');
    expect(total('{ tolerance: 0 }')).toMatchInlineSnapshot(
      `"daily_revenue.contract.yaml:22:3  source_totals.gross: has no path to its figures; allowed: sql (a query) or csv (a file of figures), one of them"`,
    );
    expect(total('{ sql: a.sql, csv: b.csv }')).toMatchInlineSnapshot(
      `"daily_revenue.contract.yaml:22:3  source_totals.gross: has two paths to its figures; allowed: sql (a query) or csv (a file of figures), one of them"`,
    );
    expect(total('{ csv: ../gl.csv }')).toMatchInlineSnapshot(
      `"daily_revenue.contract.yaml:22:17  source_totals.gross.csv: a path that leaves the contracts folder "../gl.csv"; allowed: a path inside the contracts folder that ends in .csv, relative to the contract"`,
    );
  });
});
