import { describe, expect, it } from 'vitest';
import type { BackfillState } from '../../src/domain/backfill-state.ts';
import { describeSignals, expiries } from '../../src/domain/pipeline-signals.ts';
import type { Incoming } from '../../src/domain/messages.ts';
import { decideMessage } from '../../src/domain/decide-message.ts';
import { reduce } from '../../src/domain/reduce.ts';
import { PLAN, stateIn } from './states.ts';

const at = (minutes: number): string =>
  new Date(Date.parse('2026-06-15T22:00:00.000Z') + minutes * 60_000).toISOString();
type Said = readonly ['livePipelineStarted' | 'livePipelineFinished', string | null, number];

/** What is known to run after these messages, each at its minute. */
function after(messages: readonly Said[], from: BackfillState = stateIn('awaitingApproval')): BackfillState {
  return messages.reduce((state, [message, name, minute]) => {
    const payload: Incoming = name === null ? {} : { name };
    const decision = decideMessage(state, message, payload, at(minute));
    if (decision.kind !== 'accepted') return state;
    return decision.events.reduce((now, event) => reduce(now, event, at(minute)), state);
  }, from);
}

const running = (...messages: Said[]): readonly string[] =>
  after(messages).pipelineSignals.map(({ name, since }) => `${name} since ${since.slice(11, 16)}`);

describe('runs of live pipelines, by name', () => {
  it('stand side by side, and each end is that of its own name', () => {
    expect(running(['livePipelineStarted', 'nightly', 0], ['livePipelineStarted', 'hourly', 5])).toEqual([
      'nightly since 22:00',
      'hourly since 22:05',
    ]);
    for (const [ends, left] of [
      ['hourly', 'nightly since 22:00'],
      ['nightly', 'hourly since 22:05'],
    ] as const)
      expect(
        running(
          ['livePipelineStarted', 'nightly', 0],
          ['livePipelineStarted', 'hourly', 5],
          ['livePipelineFinished', ends, 9],
        ),
      ).toEqual([left]);
  });

  it('are renewed by a start of the same name, whose earlier end may have got lost', () => {
    expect(running(['livePipelineStarted', 'nightly', 0], ['livePipelineStarted', 'nightly', 119])).toEqual([
      'nightly since 23:59',
    ]);
    const nextNight = after([
      ['livePipelineStarted', 'nightly', 0],
      ['livePipelineStarted', 'nightly', 24 * 60],
    ]);
    expect(nextNight.pipelineSignals).toEqual([{ name: 'nightly', since: at(24 * 60) }]);
  });

  it('all end where no name is said, and none where the name is not known', () => {
    const both: Said[] = [
      ['livePipelineStarted', 'nightly', 0],
      ['livePipelineStarted', null, 1],
    ];
    expect(running(...both)).toEqual(['nightly since 22:00', '(unnamed) since 22:01']);
    expect(running(...both, ['livePipelineFinished', null, 2])).toEqual([]);
    expect(running(...both, ['livePipelineFinished', 'weekly', 2])).toHaveLength(2);
    expect(decideMessage(after(both), 'livePipelineFinished', { name: 'weekly' }, at(2))).toEqual({
      kind: 'already',
      because: 'no run of weekly was signalled; known to run: nightly, (unnamed)',
    });
  });

  it('expire one by one, each from its newest start', () => {
    const state = after([
      ['livePipelineStarted', 'nightly', 0],
      ['livePipelineStarted', 'hourly', 60],
    ]);
    const expire = expiries(state.pipelineSignals, PLAN.startedSignalExpiresMs);
    expect([expire.first, expire.last].map((ms) => new Date(ms).toISOString())).toEqual([at(120), at(180)]);
    const left = (minute: number): number =>
      reduce(state, { type: 'pipelinesExpired' }, at(minute)).pipelineSignals.length;
    expect([119, 120, 179, 180].map(left)).toEqual([2, 1, 1, 0]);
  });

  it('do not expire before the plan says when', () => {
    const early = after([['livePipelineStarted', 'nightly', 0]], stateIn('planning', { plan: null }));
    expect(after([['livePipelineStarted', 'hourly', 900]], early).pipelineSignals).toHaveLength(2);
  });

  it('are twenty at most, expired ones not counted; what is beyond is refused with what to do', () => {
    const many = after(Array.from({ length: 20 }, (_, n): Said => ['livePipelineStarted', `p${n}`, 0]));
    const more = decideMessage(many, 'livePipelineStarted', { name: 'nightly' }, at(1));
    expect(more).toMatchObject({ kind: 'refused' });
    expect(more.kind === 'refused' && more.reason).toMatch(
      /^livePipelineStarted: 20 pipelines are known to run, more are not kept \(p0, p1, .*p19\); finish those that ended, then signal nightly again$/,
    );
    expect(decideMessage(many, 'livePipelineStarted', { name: 'p7' }, at(1)).kind).toBe('accepted');
    expect(after([['livePipelineStarted', 'nightly', 120]], many).pipelineSignals).toEqual([
      { name: 'nightly', since: at(120) },
    ]);
  });

  it('have names of a hundred characters at most', () => {
    const refused = decideMessage(stateIn('building'), 'livePipelineStarted', { name: 'x'.repeat(101) }, at(0));
    expect(refused).toEqual({
      kind: 'refused',
      reason:
        'livePipelineStarted: the name has 101 characters, 100 are kept; work is not stopped for it, signal a shorter name',
    });
  });

  it('are told by their names', () => {
    const { pipelineSignals } = after([
      ['livePipelineStarted', 'nightly', 0],
      ['livePipelineStarted', 'hourly', 5],
    ]);
    expect(describeSignals(pipelineSignals)).toBe(
      'the live pipelines nightly, hourly signalled that they run; livePipelineFinished ends each by its name, or all without one',
    );
  });
});
