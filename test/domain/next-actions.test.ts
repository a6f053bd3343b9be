import { describe, expect, it } from 'vitest';
import type { BackfillState } from '../../src/domain/backfill-state.ts';
import type { MessageName } from '../../src/domain/messages.ts';
import { MESSAGE_NAMES } from '../../src/domain/messages.ts';
import { nextActions } from '../../src/domain/next-actions.ts';
import { waitingOn } from '../../src/domain/status-view.ts';
import type { BackfillStatus } from '../../src/domain/status.ts';
import { BACKFILL_STATUSES, canMove } from '../../src/domain/status.ts';
import type { Check } from '../../src/domain/verdict.ts';
import { GOOD, decide } from './messages.ts';
import { EVIDENCE, FAILING, NOW, PLAN, heldOn, stateIn } from './states.ts';

const PROOF: Check = { ...FAILING, name: 'idempotent', level: 'proof' };
const SUM: Check = { ...FAILING, name: 'batches_passed' };
const paused = { by: 'olaf', reason: 'month end', since: NOW };

/** Every status, and every hold that can be, each paused and not, armed and settled. */
const STATES: readonly BackfillState[] = [
  ...BACKFILL_STATUSES.filter((status) => status !== 'held').map((status) => stateIn(status)),
  ...BACKFILL_STATUSES.filter((from) => canMove(from, 'held')).flatMap((from) =>
    [null, FAILING, PROOF, SUM].map((check) => heldOn(check, from)),
  ),
].flatMap((state) =>
  [null, paused].flatMap((pause) =>
    (['armed', 'settled'] as const).flatMap((shape) =>
      [null, 'a column was added'].map((drift) => ({ ...state, evidence: EVIDENCE, paused: pause, shape, drift })),
    ),
  ),
);

/** Figures and pipelines are no steps of a person, and a run that is held does not work. */
const NO_STEP: readonly MessageName[] = ['setLimits', 'livePipelineStarted', 'livePipelineFinished'];
const isNoStep = (name: MessageName, { status, drift }: BackfillState): boolean =>
  NO_STEP.includes(name) || (name === 'pause' && status === 'held') || (name === 'replan' && drift === null);

const offered = (state: BackfillState): MessageName[] => [...new Set(nextActions(state).map(({ message }) => message))];
const described = (state: BackfillState): string =>
  [state.status, state.hold?.from, state.hold?.check?.name, state.paused && 'paused', state.shape].join(' ');
const payloadOf = (name: MessageName, state: BackfillState) =>
  name === 'waive' ? { ...GOOD.waive, check: state.hold?.check?.name } : GOOD[name];

describe('what a person can do next', () => {
  it('is every message that would be accepted and is a step, and none that would not', () => {
    expect(STATES.length).toBeGreaterThan(200);
    for (const state of STATES) {
      const heard = MESSAGE_NAMES.filter(
        (name) => !isNoStep(name, state) && decide(state, name, payloadOf(name, state)).kind === 'accepted',
      );
      expect(offered(state).sort(), described(state)).toEqual([...heard].sort());
    }
  });

  it('is said in order for every status', () => {
    const rows = BACKFILL_STATUSES.filter((status) => status !== 'held').map(
      (status) => `${status}: ${offered(stateIn(status, { shape: 'armed' })).join(' ')}`,
    );
    expect(rows.join('\n')).toMatchInlineSnapshot(`
      "planning: abort
      proving: pause abort
      preserving: pause abort
      building: pause abort
      reconciling: pause abort
      awaitingApproval: approve reject abort
      publishing: abort
      observing: rollback settle
      awaitingSignOff: signOff rollback settle
      consolidating: pause
      completed: 
      rollingBack: 
      rolledBack: republish close
      closing: 
      closed: 
      aborting: 
      aborted: 
      failed: "
    `);
  });

  it('is said of a hold by where it is held and on what', () => {
    const held: readonly (readonly [BackfillStatus, Check | null])[] = [
      ['proving', PROOF],
      ['building', FAILING],
      ['reconciling', SUM],
      ['reconciling', null],
      ['publishing', null],
      ['observing', FAILING],
      ['awaitingSignOff', null],
      ['consolidating', null],
      ['consolidating', FAILING],
      ['rollingBack', null],
      ['rolledBack', FAILING],
      ['closing', null],
      ['aborting', null],
    ];
    const rows = held.map(
      ([from, check]) => `${from}, ${check?.name ?? 'no check'}: ${waitingOn(heldOn(check, from))?.reason ?? ''}`,
    );
    expect(rows.join('\n')).toMatchInlineSnapshot(`
      "proving, idempotent: held: batch 12 fails idempotent; retry or abort
      building, delta:revenue: held: batch 12 fails delta:revenue; retry, waive or abort
      reconciling, batches_passed: held: batch 12 fails batches_passed; retry or abort
      reconciling, no check: held: rebuildClaim: the warehouse is full; retry or abort
      publishing, no check: held: rebuildClaim: the warehouse is full; retry or abort
      observing, delta:revenue: held: batch 12 fails delta:revenue; retry, waive or rollback
      awaitingSignOff, no check: held: rebuildClaim: the warehouse is full; retry or rollback
      consolidating, no check: held: rebuildClaim: the warehouse is full; retry
      consolidating, delta:revenue: held: batch 12 fails delta:revenue; retry or waive
      rollingBack, no check: held: rebuildClaim: the warehouse is full; retry or rollback
      rolledBack, delta:revenue: held: batch 12 fails delta:revenue; retry or waive
      closing, no check: held: rebuildClaim: the warehouse is full; retry
      aborting, no check: held: rebuildClaim: the warehouse is full; retry"
    `);
  });

  it('is not asked for twice, but what ends a hold stays said', () => {
    const asked = { ...heldOn(), requests: [{ kind: 'retry', by: 'olaf' } as const] };
    expect(offered(asked)).toEqual(['waive', 'abort']);
    expect(waitingOn(asked)?.reason).toMatch(/; retry, waive or abort$/);
  });

  it('comes with its command, ready for a shell', () => {
    const all = [
      stateIn('awaitingApproval', { evidence: EVIDENCE }),
      heldOn({ ...FAILING, name: "delta:net'o revenue" }),
      stateIn('awaitingSignOff', {
        shape: 'settled',
        plan: { ...PLAN, signOff: ['finance-data', 'Business Intelligence', 'sales'] },
        signOffs: [{ party: 'sales', at: NOW }],
      }),
      stateIn('rolledBack'),
      stateIn('building', { paused }),
    ];
    expect(all.flatMap((state) => nextActions(state).map(({ command }) => command)).join('\n')).toMatchInlineSnapshot(`
      "backfill approve revenue-tax-fix --by <approver> --digest 4f2c9e1a77d06b1d0c5e98aa31b2f6e0d4c3b2a190f8e7d6c5b4a39281706f5e
      backfill reject revenue-tax-fix --by <approver> --reason "<why>"
      backfill abort revenue-tax-fix --reason "<why>"
      backfill retry revenue-tax-fix
      backfill waive revenue-tax-fix --by <approver> --check 'delta:net'\\''o revenue' --reason "<why>"
      backfill abort revenue-tax-fix --reason "<why>"
      backfill sign-off revenue-tax-fix --by finance-data
      backfill sign-off revenue-tax-fix --by 'Business Intelligence'
      backfill rollback revenue-tax-fix --reason "<why>"
      backfill rearm revenue-tax-fix
      backfill republish revenue-tax-fix
      backfill close revenue-tax-fix
      backfill resume revenue-tax-fix
      backfill abort revenue-tax-fix --reason "<why>""
    `);
  });
});
