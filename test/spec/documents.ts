import type { Override } from '../../src/spec/override.ts';
import type { ParsedContract } from '../../src/spec/parse-contract.ts';
import { parseContract } from '../../src/spec/parse-contract.ts';
import type { ParsedSpec } from '../../src/spec/parse-spec.ts';
import { parseSpec } from '../../src/spec/parse-spec.ts';
import { formatProblem } from '../../src/spec/spec-problem.ts';

export const TODAY = '2026-06-15';

export const SPEC = `backfill_id: revenue-tax-fix-2026-06
owner: finance-data

source_range:
  start: 2024-12-01
  end: 2026-05-31            # inclusive as written; half-open inside

target:
  table: finance.daily_revenue
  partition_key: revenue_date

reason:
  issue: FIN-2841
  change: Correct tax-inclusive revenue calculation

execution:
  partitions_per_batch: 7
  max_concurrency: 2
  pause_during_live_pipeline: true

validation:
  row_count_tolerance: 0
  revenue_delta_expected: "-1.5% to -0.8%"     # <measure>_delta_expected, for any measure of the contract

rollback:
  snapshot: finance.daily_revenue_pre_FIN_2841
`;

export const CONTRACT = `dataset: finance.daily_revenue
owner: finance-data
approvers: [finance-controller, finance-director]         # one approves; a waiver needs another one
sign_off: [finance-data, business-intelligence, revenue-operations]
published_view: finance.daily_revenue_current

partition: { key: revenue_date, grain: day }
unique_key: [revenue_date, merchant_id]
required: [gross_revenue, net_revenue]
measures:
  revenue: sum(net_revenue)
  gross: sum(gross_revenue)

transform:
  corrected:
    - { from: 2024-01-01, sql: transforms/daily_revenue.corrected.v1.sql }
    - { from: 2025-07-01, sql: transforms/daily_revenue.corrected.v2.sql }
  trusted:
    - { from: 2024-01-01, sql: transforms/daily_revenue.trusted.sql }

source_totals:
  gross: { sql: totals/gross_by_day.sql, tolerance: 0 }
reference_inputs: [staging.merchants]

explanations:
  tax_was_included: "new.net_revenue = old.net_revenue - old.tax_amount"

live_pipeline:
  running: probes/pipeline_running.sql
  started_signal_expires: 2h

consumers:
  finance-export:  { owner: finance-data, monitor: monitors/export_total.sql, expect: equals_published, every: 5m, on_breach: hold }
  revenue-dashboard: { owner: business-intelligence, monitor: monitors/dashboard_total.sql, expect: within 0.1%, every: 5m, after: 2h, on_breach: rollback }
  churn-model:     { owner: data-science, monitor: monitors/feature_histogram.sql, expect: psi < 0.2, every: 1h, on_breach: alert }

announce:
  - { webhook: "env:FINANCE_SLACK_WEBHOOK", when: [approval_requested, published, rolled_back, held, sign_off_requested, overdue] }
`;

/** A document with one piece of its text replaced; a piece that is not there is a mistake in the test. */
export function edited(document: string, ...edits: readonly (readonly [from: string, to: string])[]): string {
  return edits.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`The document does not hold ${JSON.stringify(from)}.`);
    return text.replace(from, to);
  }, document);
}

export function specOf(text: string, overrides: readonly Override[] = []): ParsedSpec {
  const result = parseSpec({ text, file: 'backfill.yaml' }, overrides, TODAY);
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
  return result;
}

/** The messages for a spec that is refused, one a line. */
export function specProblems(text: string, overrides: readonly Override[] = []): string {
  const result = parseSpec({ text, file: 'backfill.yaml' }, overrides, TODAY);
  return result.ok ? 'accepted' : result.problems.map(formatProblem).join('\n');
}

export function contractOf(text: string): ParsedContract {
  const result = parseContract({ text, file: 'daily_revenue.contract.yaml' });
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
  return result;
}

export function contractProblems(text: string): string {
  const result = parseContract({ text, file: 'daily_revenue.contract.yaml' });
  return result.ok ? 'accepted' : result.problems.map(formatProblem).join('\n');
}

/** What a consumer has that says nothing of it, and a contract that says nothing of waits. */
export const PLAIN_CONSUMER = { measure: null, failures: 2 };
/** Whom the example tells, and the deadlines that it leaves to the defaults. */
export const TOLD_IN_TIME = {
  announce: [
    {
      webhook: 'env:FINANCE_SLACK_WEBHOOK',
      file: null,
      when: ['approval_requested', 'published', 'rolled_back', 'held', 'sign_off_requested', 'overdue'],
    },
  ],
  deadlines: { approvalMs: 86_400_000, signOffMs: 172_800_000, holdMs: 14_400_000 },
  escalation: null,
  downstream: [],
};
