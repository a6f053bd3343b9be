import { expect, it } from 'vitest';
import { CONTRACT, contractOf, contractProblems, edited } from './documents.ts';

const KEY = `MCowBQYDK2VwAyEA${'A'.repeat(43)}=`;
const APPROVERS = 'approvers: [finance-controller, finance-director]';
const withLines = (...lines: string[]): string => edited(CONTRACT, [APPROVERS, [APPROVERS, ...lines].join('\n')]);

it('a contract says how approvers have to be known, and which periods are closed', () => {
  const { contract } = contractOf(
    withLines(
      'approval:',
      '  identification: signed',
      `  keys: { finance-controller: "${KEY}", finance-director: "${KEY}", auditor: "${KEY}" }`,
      'closed_periods:',
      '  - { name: FY2025, start: 2025-01-01, end: 2025-12-31, approver: auditor }',
    ),
  );
  expect(contract.approval).toEqual({
    identification: 'signed',
    keys: { 'finance-controller': KEY, 'finance-director': KEY, auditor: KEY },
  });
  expect(contract.closedPeriods).toEqual([
    { name: 'FY2025', start: '2025-01-01', end: '2025-12-31', approver: 'auditor' },
  ]);
  expect(contractOf(CONTRACT).contract.approval).toEqual({ identification: 'claimed', keys: {} });
});

it('refuses keys of strangers and none of those who approve, and periods that nobody else could approve', () => {
  const text = withLines(
    'approval:',
    '  identification: signed',
    `  keys: { finance-controler: "${KEY}", finance-director: "ssh-ed25519 AAAA" }`,
    'closed_periods:',
    '  - { name: FY2025, start: 2025-12-31, end: 2025-01-01, approver: finance-controller }',
    '  - { name: FY2025, start: 2026-01-01, end: 2026-03-31, approver: Finance-Director }',
  );
  expect(contractProblems(text)).toMatchInlineSnapshot(`
    "daily_revenue.contract.yaml:3:1  approvers: all of them approve for closed periods: "finance-controller, finance-director"; allowed: an approver of the dataset who approves for no closed period, or another approver of a period
    daily_revenue.contract.yaml:6:3  approval.keys: has no key of "finance-controller"; allowed: a key for everybody who approves, since approval.identification is signed
    daily_revenue.contract.yaml:6:11  approval.keys.finance-controler: not an approver of this contract: "finance-controler"; did you mean "finance-controller"?
    daily_revenue.contract.yaml:6:112  approval.keys.finance-director: not an ed25519 public key "ssh-ed25519 AAAA"; allowed: the line between BEGIN and END of what \`openssl pkey -in key.pem -pubout\` prints for an ed25519 key
    daily_revenue.contract.yaml:8:45  closed_periods[0].end: lies before the start (2025-12-31): "2025-01-01"
    daily_revenue.contract.yaml:9:13  closed_periods[1].name: a second period of this name: "FY2025""
  `);
});
