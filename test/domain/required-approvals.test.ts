import { describe, expect, it } from 'vitest';
import { reopenedPeriods } from '../../src/domain/closed-periods.ts';
import { reduce } from '../../src/domain/reduce.ts';
import { mayApprove, missingApprovals, ownApproval, whyUnapprovable } from '../../src/domain/required-approvals.ts';
import { viewStatus } from '../../src/domain/status-view.ts';
import { addDays } from '../../src/spec/iso-date.ts';
import { GOOD, decide, refusal } from './messages.ts';
import { DIGEST, EVIDENCE, NOW, PLAN, stateIn } from './states.ts';

const FY = { name: 'FY2025', start: '2025-01-01', end: '2025-12-31', approver: 'auditor' };
const Q1 = { name: 'Q1', start: '2026-01-01', end: '2026-03-31', approver: 'Finance-Director' };
const WHO = { approvers: ['finance-controller', 'finance-director'], reopened: [FY, Q1] };
const given = (...people: string[]) => people.map((by) => ({ by }));

describe('closed periods', () => {
  const reopened = (...ranges: [start: string, end: string][]) =>
    reopenedPeriods(
      [FY, Q1],
      ranges.map(([start, end]) => ({ start, end })),
      (day) => addDays(day, 1),
    ).map(({ name, ranges: inside }) => `${name}: ${inside.map(({ start, end }) => `${start}..${end}`).join(' ')}`);

  it('are reopened by an interval that reaches into them, and only as far as it does', () => {
    expect(reopened(['2024-12-01', '2026-02-01'])).toEqual([
      'FY2025: 2025-01-01..2026-01-01',
      'Q1: 2026-01-01..2026-02-01',
    ]);
    expect(reopened(['2024-12-01', '2025-02-01'], ['2025-03-01', '2025-04-01'])).toEqual([
      'FY2025: 2025-01-01..2025-02-01 2025-03-01..2025-04-01',
    ]);
    expect(reopened(['2025-12-31', '2026-01-01'])).toEqual(['FY2025: 2025-12-31..2026-01-01']);
    expect(reopened(['2024-01-01', '2025-01-01'], ['2026-04-01', '2026-05-01'])).toEqual([]);
  });
});

describe('the approvals that evidence needs', () => {
  it('are one of an approver of the dataset, and one for every closed period, of somebody else', () => {
    expect(mayApprove(WHO)).toEqual(['finance-controller', 'finance-director', 'auditor']);
    expect(missingApprovals({ approvers: WHO.approvers }, given(' FINANCE-director'))).toEqual([]);
    expect(missingApprovals(WHO, given('finance-director'))).toEqual([
      { anyOf: ['finance-controller'], because: null },
      { anyOf: ['auditor'], because: 'reopens FY2025' },
    ]);
    expect(missingApprovals(WHO, given('Auditor', 'finance-director', 'finance-controller'))).toEqual([]);
    expect(ownApproval(WHO, given('finance-director', 'auditor'))).toBeNull();
    expect(ownApproval(WHO, given('auditor', 'finance-controller'))).toEqual({ by: 'finance-controller' });
  });

  it('are not to be had where only the requester could give one', () => {
    expect(whyUnapprovable(WHO, 'AUDITOR')).toBe(
      'AUDITOR requests this backfill and has to approve, because it reopens FY2025: somebody else has to start it',
    );
    expect(whyUnapprovable({ approvers: ['dora'] }, 'dora')).toMatch(/^dora requests .* is the only approver/);
    expect(whyUnapprovable({ approvers: ['dora', 'olaf'] }, 'dora')).toBeNull();
  });

  it('are said while they are waited for, and whose is missing', () => {
    const waiting = stateIn('awaitingApproval', { evidence: EVIDENCE, plan: { ...PLAN, reopened: [FY] } });
    const by = (person: string) => ({
      by: person,
      identified: 'claimed' as const,
      digest: DIGEST,
      comment: '',
      at: NOW,
    });
    const once = reduce(waiting, { type: 'approved', approval: by('auditor') }, NOW);
    expect([waiting, once].map((state) => viewStatus(state, 0).waitingOn?.reason)).toEqual([
      'approval of evidence 4f2c9e1a77d0 by finance-controller or finance-director, and by auditor (reopens FY2025)',
      'approval of evidence 4f2c9e1a77d0 by finance-controller or finance-director',
    ]);
    expect(
      viewStatus(waiting, 0)
        .next.filter(({ message }) => message === 'approve')
        .map(({ command }) => command),
    ).toEqual([
      `backfill approve revenue-tax-fix --by <approver> --digest ${DIGEST}`,
      `backfill approve revenue-tax-fix --by auditor --digest ${DIGEST}`,
    ]);
    expect(once).toMatchObject({ approval: null, approvals: [{ by: 'auditor' }] });
    expect(reduce(once, { type: 'approved', approval: by('Dora') }, NOW).approval).toMatchObject({ by: 'Dora' });
    expect(reduce(once, { type: 'approvalVoid' }, NOW)).toMatchObject({ approval: null, approvals: [] });
  });
});

describe('where the contract asks for signatures', () => {
  const waiting = stateIn('awaitingApproval', { evidence: EVIDENCE, plan: { ...PLAN, identification: 'signed' } });
  const signature = `${'A'.repeat(86)}==`;

  it('a name in a message is refused, and so is what cannot be a signature', () => {
    expect([refusal(waiting, 'approve'), refusal(waiting, 'approve', { ...GOOD.approve, signature: 'yes' })].join('\n'))
      .toMatchInlineSnapshot(`
      "approve: this dataset takes an approval that is signed, and a name in a message is claimed: backfill approve --key <private key>
      approve: the signature is not that of an ed25519 key: base64 of 64 bytes is what backfill approve --key sends"
    `);
  });

  it('a bad signature does not stand in the way of the good one that follows', () => {
    const first = decide(waiting, 'approve', { ...GOOD.approve, signature });
    const pending =
      first.kind === 'accepted' ? first.events.reduce((state, event) => reduce(state, event, NOW), waiting) : waiting;
    expect(decide(pending, 'approve', { ...GOOD.approve, signature }).kind).toBe('already');
    const other = `${'B'.repeat(86)}==`;
    expect(decide(pending, 'approve', { ...GOOD.approve, signature: other }).kind).toBe('accepted');
    expect(refusal(pending, 'approve', { ...GOOD.approve, digest: DIGEST.slice(0, 1), signature })).toMatch(/too few/);
  });

  it('a signature is carried to whoever checks it', () => {
    expect(decide(waiting, 'approve', { ...GOOD.approve, signature })).toMatchObject({
      kind: 'accepted',
      events: [{ request: { approval: { identified: 'signed', signature, digest: DIGEST } } }],
    });
  });
});
