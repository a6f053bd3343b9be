import { describe, expect, it } from 'vitest';
import { reduce } from '../../src/domain/reduce.ts';
import type { BackfillStatus } from '../../src/domain/status.ts';
import { BACKFILL_STATUSES, TRANSITIONS, canMove, isBeforePublication, isFinal } from '../../src/domain/status.ts';
import { LATER, stateIn } from './states.ts';

const pairs = BACKFILL_STATUSES.flatMap((from) => BACKFILL_STATUSES.map((to) => [from, to] as const));
const listed = pairs.filter(([from, to]) => TRANSITIONS[from][to] !== undefined);
const notListed = pairs.filter(([from, to]) => TRANSITIONS[from][to] === undefined);

describe('the status table', () => {
  it('has a sentence for every move', () => {
    for (const [from, to] of listed) expect(TRANSITIONS[from][to], `${from} → ${to}`).toMatch(/^[a-z].{10,}[^.]$/);
  });

  it.each(listed)('lets a backfill go from %s to %s and keeps why', (from, to) => {
    const moved = reduce(stateIn(from), { type: 'moved', to }, LATER);
    expect(moved).toMatchObject({ status: to, since: LATER, waiting: null, hold: null });
    expect(moved.endedBecause).toBe(TRANSITIONS[from][to]);
  });

  it(`refuses each of the ${notListed.length} moves that it does not list`, () => {
    for (const [from, to] of notListed) {
      expect(canMove(from, to)).toBe(false);
      expect(() => reduce(stateIn(from), { type: 'moved', to }, LATER), `${from} → ${to}`).toThrow(
        `a backfill cannot go from ${from} to ${to}`,
      );
    }
  });

  it('refuses to hold where no hold is listed', () => {
    const hold = { reason: 'x', check: null, batch: null };
    for (const from of BACKFILL_STATUSES.filter((status) => !canMove(status, 'held')))
      expect(() => reduce(stateIn(from), { type: 'held', hold }, LATER), from).toThrow('cannot go from');
  });

  it('lets every hold be tried again where it came from', () => {
    for (const from of BACKFILL_STATUSES.filter((status) => canMove(status, 'held')))
      expect(canMove('held', from), from).toBe(true);
  });

  it('has every status within reach of planning, and an end within reach of every status', () => {
    expect(reachable('planning')).toEqual(new Set(BACKFILL_STATUSES));
    for (const status of BACKFILL_STATUSES) expect([...reachable(status)].some(isFinal), status).toBe(true);
  });

  it('ends in four ways', () => {
    expect(BACKFILL_STATUSES.filter(isFinal)).toEqual(['completed', 'closed', 'aborted', 'failed']);
  });

  it('fails only before anything is written, and gives up only before publication', () => {
    expect(BACKFILL_STATUSES.filter((status) => canMove(status, 'failed'))).toEqual(['planning']);
    const abortable = BACKFILL_STATUSES.filter((status) => canMove(status, 'aborting'));
    expect(abortable.filter((status) => !isBeforePublication(status))).toEqual(['held']);
  });

  it('publishes only what was approved, and consolidates only what was signed off', () => {
    const into = (to: BackfillStatus): BackfillStatus[] => BACKFILL_STATUSES.filter((from) => canMove(from, to));
    expect(into('publishing')).toEqual(['awaitingApproval', 'held']);
    // From planning only where the ledger says that consolidation had begun before the workflow was lost.
    expect(into('consolidating')).toEqual(['planning', 'awaitingSignOff', 'held']);
    expect(into('completed')).toEqual(['consolidating']);
  });
});

function reachable(from: BackfillStatus): Set<BackfillStatus> {
  const seen = new Set<BackfillStatus>([from]);
  for (const status of seen) for (const to of Object.keys(TRANSITIONS[status])) seen.add(to as BackfillStatus);
  return seen;
}
