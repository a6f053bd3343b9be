import { describe, expect, it } from 'vitest';
import { PLAIN_CONSUMER, TOLD_IN_TIME, CONTRACT, contractOf, edited } from './documents.ts';

describe('a dataset contract', () => {
  it('is read as it is written in the documentation', () => {
    expect(contractOf(CONTRACT).contract).toEqual({
      dataset: { schema: 'finance', name: 'daily_revenue' },
      owner: 'finance-data',
      approvers: ['finance-controller', 'finance-director'],
      approval: { identification: 'claimed', keys: {} },
      closedPeriods: [],
      signOff: ['finance-data', 'business-intelligence', 'revenue-operations'],
      publishedView: { schema: 'finance', name: 'daily_revenue_current' },
      partition: { key: 'revenue_date', grain: 'day', timeZone: null },
      uniqueKey: ['revenue_date', 'merchant_id'],
      required: ['gross_revenue', 'net_revenue'],
      measures: { revenue: 'sum(net_revenue)', gross: 'sum(gross_revenue)' },
      transform: {
        corrected: [
          { from: '2024-01-01', sql: 'transforms/daily_revenue.corrected.v1.sql' },
          { from: '2025-07-01', sql: 'transforms/daily_revenue.corrected.v2.sql' },
        ],
        trusted: [{ from: '2024-01-01', sql: 'transforms/daily_revenue.trusted.sql' }],
        rangeSafe: false,
      },
      dimensions: [],
      personal: [],
      sourceTotals: { gross: { sql: 'totals/gross_by_day.sql', csv: null, tolerance: 0 } },
      referenceInputs: [{ schema: 'staging', name: 'merchants' }],
      explanations: { tax_was_included: 'new.net_revenue = old.net_revenue - old.tax_amount' },
      livePipeline: {
        running: { kind: 'sql', sql: 'probes/pipeline_running.sql' },
        startedSignalExpiresMs: 7_200_000,
        capture: 'triggers',
      },
      consumers: {
        'finance-export': {
          owner: 'finance-data',
          probe: { kind: 'sql', sql: 'monitors/export_total.sql' },
          ...PLAIN_CONSUMER,
          expect: { kind: 'equals_published' },
          everyMs: 300_000,
          afterMs: 0,
          onBreach: 'hold',
        },
        'revenue-dashboard': {
          owner: 'business-intelligence',
          probe: { kind: 'sql', sql: 'monitors/dashboard_total.sql' },
          ...PLAIN_CONSUMER,
          expect: { kind: 'within', percent: 0.1, of: 'published' },
          everyMs: 300_000,
          afterMs: 7_200_000,
          onBreach: 'rollback',
        },
        'churn-model': {
          owner: 'data-science',
          probe: { kind: 'sql', sql: 'monitors/feature_histogram.sql' },
          ...PLAIN_CONSUMER,
          expect: { kind: 'psi_below', limit: 0.2 },
          everyMs: 3_600_000,
          afterMs: 0,
          onBreach: 'alert',
        },
      },
      ...TOLD_IN_TIME,
    });
  });

  it('lists every default that it used', () => {
    expect(
      contractOf(CONTRACT)
        .defaults.map(({ path, value }) => `${path}: ${value}`)
        .join('\n'),
    ).toMatchInlineSnapshot(`
      "approval.identification: claimed
      approval.keys: none
      closed_periods: none
      partition.time_zone: none
      dimensions: none
      personal: none
      transform.range_safe: false
      live_pipeline.capture: triggers
      deadlines.approval: 24h
      deadlines.sign_off: 48h
      deadlines.hold: 4h
      downstream: none
      consumers.finance-export.after: 0s
      consumers.finance-export.failures: 2
      consumers.revenue-dashboard.failures: 2
      consumers.churn-model.after: 0s
      consumers.churn-model.failures: 2"
    `);
  });

  it('may leave out whatever has no effect', () => {
    const short =
      CONTRACT.slice(0, CONTRACT.indexOf('required:')) +
      `transform: { corrected: [{ from: 2024-01-01, sql: a.sql }], range_safe: true }
consumers: { some.app: { owner: x } }
live_pipeline:
  http: { url: "https://airflow.internal/api", header: "env:AIRFLOW_TOKEN", path: "$.total_entries", running_when: "> 0" }
`;
    const { contract, defaults } = contractOf(short);
    expect(contract.measures).toEqual({});
    expect(contract.transform.rangeSafe).toBe(true);
    expect(contract.livePipeline).toEqual({
      running: {
        kind: 'http',
        url: 'https://airflow.internal/api',
        header: 'env:AIRFLOW_TOKEN',
        path: '$.total_entries',
        runningWhen: '> 0',
      },
      startedSignalExpiresMs: 7_200_000,
      capture: 'triggers',
    });
    expect(contract.consumers['some.app']).toEqual({
      owner: 'x',
      probe: null,
      ...PLAIN_CONSUMER,
      expect: null,
      everyMs: 300_000,
      afterMs: 0,
      onBreach: 'alert',
    });
    expect(defaults).toContainEqual({ path: 'consumers."some.app".every', value: '5m' });
  });

  it('keeps quoted names and folds plain ones', () => {
    const { contract } = contractOf(
      edited(
        CONTRACT,
        ['dataset: finance.daily_revenue', `dataset: '"Finance EU".Daily_Revenue'`],
        ['[revenue_date, merchant_id]', `[Revenue_Date, '"Merchant Id"']`],
      ),
    );
    expect(contract.dataset).toEqual({ schema: 'Finance EU', name: 'daily_revenue' });
    expect(contract.uniqueKey).toEqual(['revenue_date', 'Merchant Id']);
  });
});
