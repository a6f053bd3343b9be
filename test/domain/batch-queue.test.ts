import { describe, expect, it } from 'vitest';
import type { BatchQueue, BatchRange } from '../../src/domain/batch-queue.ts';
import {
  batchesLeft,
  claimSize,
  giveBack,
  giveBackSplit,
  isExhausted,
  startQueue,
  takeClaim,
} from '../../src/domain/batch-queue.ts';
import { seededRandom } from '../../bench/support/random.ts';

/** Printed by the title of the failing test; `SEED=7 npm test` repeats it. */
const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9));

describe(`the queue of batches (seed ${SEED})`, () => {
  it('hands out every batch exactly once, however lanes claim and give back', () => {
    const random = seededRandom(SEED);
    for (let round = 0; round < 300; round += 1) {
      const total = Math.floor(random() * 120);
      expect(workOff(total, random)).toEqual(Array.from({ length: total }, (_, index) => index + 1));
    }
  });

  it('remembers no more ranges than lanes gave back', () => {
    const random = seededRandom(SEED);
    let queue = startQueue(100_000);
    for (let step = 0; step < 2_000; step += 1) {
      const taken = takeClaim(queue, 1 + random() * 40);
      if (taken === null) break;
      queue = random() < 0.5 ? giveBack(taken.rest, taken.claim) : taken.rest;
      expect(queue.returned.length).toBeLessThanOrEqual(1);
    }
  });

  it('gives what came back before anything new, in order, neighbours joined', () => {
    let queue = takeAll(startQueue(9), 9);
    for (const back of [range(7, 8), range(2, 3), range(4, 4)]) queue = giveBack(queue, back);
    expect(queue.returned).toEqual([range(2, 4), range(7, 8)]);
    expect(takeClaim(queue, 2)).toEqual({
      claim: range(2, 3),
      rest: { ...queue, returned: [range(4, 4), range(7, 8)] },
    });
  });

  it('gives a batch that kept others waiting out alone, and what stood behind it by itself', () => {
    const behind = giveBackSplit(takeAll(startQueue(9), 9), range(4, 7));
    const queue = giveBack(behind, range(2, 3));
    const claims: BatchRange[] = [];
    for (let taken = takeClaim(queue, 5); taken !== null; taken = takeClaim(taken.rest, 5)) claims.push(taken.claim);
    expect(claims).toEqual([range(2, 3), range(4, 4), range(5, 7)]);
    expect(batchesLeft(queue)).toBe(6);
    expect(giveBackSplit(takeAll(startQueue(9), 9), range(4, 4)).returned).toEqual([{ ...range(4, 4), alone: true }]);
  });

  it('does not hand a batch out twice that was given back twice', () => {
    const queue = giveBack(giveBack(takeAll(startQueue(5), 5), range(2, 4)), range(3, 5));
    expect(queue.returned).toEqual([range(2, 5)]);
    expect(giveBack(queue, range(3, 3)).returned).toEqual([range(2, 5)]);
  });

  it('counts what nobody has taken, what came back included', () => {
    expect(batchesLeft(startQueue(5))).toBe(5);
    expect(batchesLeft(takeAll(startQueue(5), 5))).toBe(0);
    expect(batchesLeft(giveBack(takeAll(startQueue(5), 5), range(2, 4)))).toBe(3);
  });

  it('is exhausted when nothing is left and nothing came back', () => {
    expect(isExhausted(startQueue(0))).toBe(true);
    expect(isExhausted(startQueue(1))).toBe(false);
    const empty = takeAll(startQueue(3), 3);
    expect(isExhausted(empty)).toBe(true);
    expect(isExhausted(giveBack(empty, range(3, 3)))).toBe(false);
    expect(takeClaim(empty, 5)).toBeNull();
  });

  it.each([0, -3, 0.4])('takes at least one batch when asked for %s', (size) => {
    expect(takeClaim(startQueue(5), size)?.claim).toEqual(range(1, 1));
  });
});

describe('the size of a claim', () => {
  it.each([
    ['one until something was measured', { batches: 0, busyMs: 0 }, 1],
    ['as many as fit into five seconds', { batches: 10, busyMs: 10_000 }, 5],
    ['one where a batch takes longer', { batches: 2, busyMs: 60_000 }, 1],
    ['fifty at most, so that the result stays small', { batches: 1_000, busyMs: 1_000 }, 50],
    ['fifty where batches took no time at all', { batches: 10, busyMs: 0 }, 50],
  ])('is %s', (_, measured, size) => {
    expect(claimSize(measured, { left: 1_000, lanes: 1 })).toBe(size);
    expect(claimSize(measured, { left: 1_000, lanes: 2 })).toBe(size);
  });

  it('shrinks towards the end where lanes share the work, and never below half a second of it', () => {
    const measured = { batches: 10, busyMs: 2_000 };
    const sizes: number[] = [];
    for (let left = 78; left > 0; left -= sizes.at(-1) ?? 0) sizes.push(claimSize(measured, { left, lanes: 2 }));
    expect(sizes).toEqual([20, 15, 11, 8, 6, 5, 4, 3, 3, 2, 1]);
  });

  it('leaves no lane idle where only one is left to work', () => {
    expect(claimSize({ batches: 10, busyMs: 2_000 }, { left: 4, lanes: 1 })).toBe(25);
  });

  it('shares the last batches evenly', () => {
    expect(claimSize({ batches: 10, busyMs: 100 }, { left: 6, lanes: 2 })).toBe(3);
    expect(claimSize({ batches: 10, busyMs: 100 }, { left: 1, lanes: 2 })).toBe(1);
  });
});

/** Lanes claim, finish a part, and give the rest back, until nothing is left; the batches in the order of their number. */
function workOff(total: number, random: () => number): number[] {
  const done: number[] = [];
  const claimed: BatchRange[] = [];
  let queue = startQueue(total);
  while (!isExhausted(queue) || claimed.length > 0) {
    const taken = random() < 0.6 ? takeClaim(queue, 1 + random() * 7) : null;
    if (taken !== null) {
      queue = taken.rest;
      claimed.push(taken.claim);
      continue;
    }
    const [claim] = claimed.splice(Math.floor(random() * claimed.length), 1);
    if (claim === undefined) continue;
    const finished = Math.floor(random() * (claim.to - claim.from + 2));
    for (let batch = claim.from; batch < claim.from + finished; batch += 1) done.push(batch);
    if (claim.from + finished <= claim.to) queue = giveBack(queue, range(claim.from + finished, claim.to));
  }
  return done.sort((a, b) => a - b);
}

function takeAll(queue: BatchQueue, size: number): BatchQueue {
  return takeClaim(queue, size)?.rest ?? queue;
}

function range(from: number, to: number): BatchRange {
  return { from, to };
}
