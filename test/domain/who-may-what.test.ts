import { describe, expect, it } from 'vitest';
import type { Incoming } from '../../src/domain/messages.ts';
import { BACKFILL_STATUSES, isFinal } from '../../src/domain/status.ts';
import { GOOD, decide, refusal } from './messages.ts';
import { DIGEST, EVIDENCE, FAILING, LATER, NOW, heldOn, stateIn } from './states.ts';

describe('an approval', () => {
  const waiting = stateIn('awaitingApproval', { evidence: EVIDENCE });
  const approve = (payload: Incoming, state = waiting): string =>
    refusal(state, 'approve', { ...GOOD.approve, ...payload });

  it('is refused to whoever may not give it, and for evidence that is not the present one', () => {
    const waiver = {
      by: 'Finance-Controller',
      check: 'delta:revenue',
      batch: 12,
      figure: '-5%',
      limit: '-1% to 0%',
      reason: 'known',
      at: NOW,
    };
    expect(
      [
        approve({ by: 'olaf' }),
        approve({ by: 'dora' }),
        approve({ by: ' DORA ' }),
        approve({}, { ...waiting, waivers: [waiver] }),
        approve({ digest: `5${DIGEST.slice(1)}` }),
        approve({ digest: DIGEST.slice(0, 11) }),
        approve({ digest: `${DIGEST}0` }),
        approve({}, { ...waiting, evidence: null }),
        approve({ digest: undefined }),
        approve({}, stateIn('building')),
      ].join('\n'),
    ).toMatchInlineSnapshot(`
      "approve: olaf is not an approver of this dataset (finance-controller, finance-director, Dora)
      approve: dora requested this backfill; somebody else must approve it
      approve: DORA requested this backfill; somebody else must approve it
      approve: finance-controller waived a check of this backfill; another approver must approve it
      approve: the digest is not that of the present evidence (4f2c9e1a77d06b1d0c5e98aa31b2f6e0d4c3b2a190f8e7d6c5b4a39281706f5e); read the report again
      approve: 11 digits of the digest are too few; give all of it, or at least its first 12
      approve: the digest is not that of the present evidence (4f2c9e1a77d06b1d0c5e98aa31b2f6e0d4c3b2a190f8e7d6c5b4a39281706f5e); read the report again
      approve: the digest is not that of the present evidence (none); read the report again
      approve: give "by" and the "digest" of the evidence you read
      approve: not possible in status building; it is heard in awaitingApproval"
    `);
  });

  it('names the evidence by its digest or at least twelve digits of it, in any case', () => {
    for (const digest of [DIGEST, DIGEST.slice(0, 12), DIGEST.slice(0, 20).toUpperCase()])
      expect(decide(waiting, 'approve', { by: ' Finance-Director', digest })).toEqual({
        kind: 'accepted',
        events: [
          {
            type: 'requested',
            request: {
              kind: 'approve',
              by: 'Finance-Director',
              approval: { by: 'Finance-Director', identified: 'claimed', digest: DIGEST, comment: '', at: LATER },
            },
          },
        ],
      });
  });

  it('is known already when the same person sends it again after it was recorded', () => {
    const approval = { by: 'finance-controller', identified: 'claimed', digest: DIGEST, comment: '', at: NOW } as const;
    expect(decide(stateIn('publishing', { approval, evidence: EVIDENCE }), 'approve').kind).toBe('already');
    expect(approve({ by: 'finance-director' }, stateIn('publishing', { approval, evidence: EVIDENCE }))).toContain(
      'not possible in status publishing',
    );
  });
});

describe('a waiver', () => {
  const waive = (payload: Incoming, state = heldOn()): string => refusal(state, 'waive', { ...GOOD.waive, ...payload });

  it('is refused to the requester, to strangers, for another check, for a proof, and where no check failed', () => {
    expect(
      [
        waive({ by: 'Dora' }),
        waive({ by: 'olaf' }),
        waive({ check: 'row_count' }),
        waive({ check: 'idempotent' }, heldOn({ ...FAILING, name: 'idempotent', level: 'proof' }, 'proving')),
        waive({}, heldOn(null)),
        waive({ reason: '' }),
        waive({}, stateIn('building')),
      ].join('\n'),
    ).toMatchInlineSnapshot(`
      "waive: Dora requested this backfill; somebody else must waive
      waive: olaf is not an approver of this dataset (finance-controller, finance-director, Dora)
      waive: the failing check is "delta:revenue", not "row_count"
      waive: a proof (idempotent) cannot be waived; correct the transform
      waive: it is held for another reason than a check: rebuildClaim: the warehouse is full
      waive: give "by", the "check" and a "reason"
      waive: not possible in status building; it is heard in held, and while a monitor of a release is breached or inconclusive"
    `);
  });

  it('keeps the batch it was given for', () => {
    const decision = decide(heldOn(), 'waive');
    expect(decision).toMatchObject({
      kind: 'accepted',
      events: [{ request: { waiver: { batch: 12, by: 'finance-controller' } } }],
    });
  });
});

describe('the other messages', () => {
  it('rejects only by an approver', () => {
    const waiting = stateIn('awaitingApproval', { evidence: EVIDENCE });
    expect(refusal(waiting, 'reject', { by: 'olaf', reason: 'x' })).toMatchInlineSnapshot(
      `"reject: olaf is not an approver of this dataset (finance-controller, finance-director, Dora)"`,
    );
  });

  it('lets a party sign off by its name in the contract, and nobody else', () => {
    const waiting = stateIn('awaitingSignOff');
    expect(decide(waiting, 'signOff', { by: 'FINANCE-data' })).toMatchObject({
      events: [{ request: { by: 'finance-data' } }],
    });
    expect(refusal(waiting, 'signOff', { by: 'olaf' })).toMatchInlineSnapshot(
      `"signOff: olaf is not a party of this dataset (finance-data, business-intelligence, revenue-operations)"`,
    );
    const signed = { ...waiting, signOffs: [{ party: 'finance-data', at: NOW }] };
    expect(decide(signed, 'signOff', { by: 'Finance-Data' })).toEqual({
      kind: 'already',
      because: 'Finance-Data signed off',
    });
  });

  it('rolls back from a hold only where something is published', () => {
    for (const from of ['observing', 'awaitingSignOff', 'rollingBack'] as const)
      expect(decide(heldOn(null, from), 'rollback').kind).toBe('accepted');
    for (const from of ['building', 'publishing', 'consolidating', 'closing'] as const)
      expect(refusal(heldOn(null, from), 'rollback')).toContain('rollback: not possible in status held');
  });

  it('aborts a hold only where nothing is published', () => {
    for (const from of ['proving', 'building', 'reconciling', 'publishing'] as const)
      expect(decide(heldOn(null, from), 'abort').kind).toBe('accepted');
    const instead = (['observing', 'consolidating', 'rollingBack', 'rolledBack', 'closing'] as const).map((from) =>
      refusal(heldOn(null, from), 'abort'),
    );
    expect(instead.join('\n')).toMatchInlineSnapshot(`
      "abort: the correction was published; use rollback (status held)
      abort: the correction was published; undoing is over, since corrected rows are moving into the base table: what was published before stays in the table that rollback.snapshot of the spec names, until its retention ends (status held)
      abort: the correction was published; close removes what was made, once it is rolled back (status held)
      abort: the correction was published; close removes what was made, once it is rolled back (status held)
      abort: what was made is being removed already (status held)"
    `);
    expect(refusal(heldOn(null, 'awaitingSignOff'), 'abort')).toBe(instead[0]);
    expect(decide(heldOn(null, 'aborting'), 'abort')).toEqual({
      kind: 'already',
      because: 'abort was asked for already',
    });
  });

  it.each<[Incoming, string]>([
    [{ max_concurrency: 0 }, 'setLimits: max_concurrency is a whole number from 1 to 32'],
    [{ max_concurrency: 1.5 }, 'setLimits: max_concurrency is a whole number from 1 to 32'],
    [{ max_concurrency: 33 }, 'setLimits: max_concurrency is a whole number from 1 to 32'],
    [{ max_concurrency: '4' }, 'setLimits: max_concurrency is a whole number from 1 to 32'],
    [{ daily_bytes_budget: 'plenty' }, 'setLimits: daily_bytes_budget is a size such as "500GB", or null for none'],
    [{ daily_bytes_budget: '0GB' }, 'setLimits: daily_bytes_budget is a size such as "500GB", or null for none'],
    [{ daily_bytes_budget: -1 }, 'setLimits: daily_bytes_budget is a size such as "500GB", or null for none'],
  ])('refuses the limits %j', (payload, reason) => {
    expect(refusal(stateIn('building'), 'setLimits', payload)).toBe(reason);
  });

  it.each<[Incoming, object]>([
    [{ max_concurrency: 32 }, { maxConcurrency: 32 }],
    [{ daily_bytes_budget: '2TiB' }, { dailyBytesBudget: 2 * 1024 ** 4 }],
    [
      { daily_bytes_budget: '500GB', max_concurrency: 1 },
      { dailyBytesBudget: 5e11, maxConcurrency: 1 },
    ],
    [{ daily_bytes_budget: 1000 }, { dailyBytesBudget: 1000 }],
  ])('takes the limits %j', (payload, limits) => {
    expect(decide(stateIn('building'), 'setLimits', payload)).toEqual({
      kind: 'accepted',
      events: [{ type: 'limited', limits }],
    });
  });

  it('refuses limits before there is a plan, which would set them again', () => {
    expect(refusal(stateIn('planning', { plan: null }), 'setLimits', { max_concurrency: 3 })).toBe(
      'setLimits: the plan sets the limits when it is frozen; change them after planning',
    );
  });

  it('lifts the budget with null, and knows when nothing would change', () => {
    const limited = stateIn('building', { limits: { maxConcurrency: 2, dailyBytesBudget: 1000 } });
    expect(decide(limited, 'setLimits', { daily_bytes_budget: null }).kind).toBe('accepted');
    expect(decide(limited, 'setLimits', { max_concurrency: 2, daily_bytes_budget: 1000 }).kind).toBe('already');
  });
});

describe('a pause', () => {
  it('says what goes on where it stops nothing, and what stops that', () => {
    const refusals = [...BACKFILL_STATUSES.filter((status) => !isFinal(status)).map((status) => stateIn(status))].map(
      (state) =>
        refusal(state, 'pause').replace(
          'it stops proving, preserving, building, reconciling and consolidating; ',
          '… ',
        ),
    );
    expect(refusals.join('\n')).toMatchInlineSnapshot(`
      "pause: … in planning the documents are read and samples are built; abort ends that
      accepted, not refused
      accepted, not refused
      accepted, not refused
      accepted, not refused
      pause: … in awaitingApproval only partitions that live writes touch are rebuilt, so that the evidence stays current; reject or abort ends that
      pause: … in publishing sources are compared once more and live writes are caught up with before the switch; abort ends that
      pause: … in observing only partitions that live writes touch are rebuilt, so that readers of the release see them; rollback ends that
      pause: … in awaitingSignOff only partitions that live writes touch are rebuilt, so that readers of the release see them; rollback ends that
      accepted, not refused
      pause: … in rollingBack readers are given the previous history back; wait for rolledBack
      pause: … in rolledBack nothing is built; republish or close goes on
      pause: … in closing what was made is being removed; nothing is built
      accepted, not refused
      pause: … in aborting what was made is being removed; nothing is built"
    `);
    expect(refusal(stateIn('publishing'), 'pause')).toMatch(
      /^pause: it stops proving, preserving, building, reconciling and consolidating; in publishing /,
    );
  });
});

describe('a rollback', () => {
  it('is refused with every status in which it is heard, and with where the snapshot is once undoing is over', () => {
    const heard = 'it is heard in observing, awaitingSignOff, and held in one of them or while switching back';
    for (const state of [stateIn('building'), heldOn(FAILING, 'building')])
      expect(refusal(state, 'rollback')).toBe(`rollback: not possible in status ${state.status}; ${heard}`);
    for (const state of [stateIn('consolidating'), heldOn(FAILING, 'consolidating')])
      expect(refusal(state, 'rollback')).toMatch(
        /^rollback: not possible in status \w+; undoing is over, .* rollback\.snapshot /,
      );
  });
});
