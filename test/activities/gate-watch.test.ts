import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { watchGate } from '../../activities/gate-watch.ts';
import type { GateDecision } from '../../src/domain/gate.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const OPEN: GateDecision = { open: true };
const RUNS: GateDecision = { open: false, reason: 'the live pipeline nightly runs' };
const SPENT: GateDecision = { open: false, reason: 'the budget is spent', until: 'midnight', mayFinish: true };

/** A watch that sees `first` for three seconds and `then` for as long again as a test looks. */
async function watched(first: GateDecision, then: GateDecision, cancellable = true) {
  let now = first;
  let cancels = 0;
  let asked = 0;
  const watch = watchGate(
    async () => {
      asked += 1;
      return Promise.resolve(now);
    },
    async () => {
      cancels += 1;
      await Promise.resolve();
    },
  );
  watch.began({ cancellable });
  await vi.advanceTimersByTimeAsync(3_500);
  now = then;
  await vi.advanceTimersByTimeAsync(10_000);
  await watch.end();
  const after = asked;
  await vi.advanceTimersByTimeAsync(5_000);
  return { watch, cancels, asked: after, later: asked - after };
}

describe('a watch beside a statement', () => {
  it('looks every second until it ends, and cancels a statement some seconds after the gate closed', async () => {
    const { watch, cancels, asked, later } = await watched(OPEN, RUNS);
    expect(asked).toBe(13);
    expect(later).toBe(0);
    expect(cancels).toBeGreaterThan(0);
    expect(watch.cancelled()).toEqual({ kind: 'gate', reason: 'the live pipeline nightly runs' });
  });

  it('leaves a statement alone when the gate opens again within the grace', async () => {
    const { watch, cancels } = await watched(RUNS, OPEN);
    expect(cancels).toBe(0);
    expect(watch.cancelled()).toBeNull();
    expect(watch.stop()).toBeNull();
  });

  it('ends work at the next boundary, but cancels nothing that has cost already what the gate wants to save', async () => {
    const { watch, cancels } = await watched(OPEN, SPENT);
    expect(cancels).toBe(0);
    expect(watch.stop()).toEqual({ kind: 'gate', reason: 'the budget is spent', until: 'midnight' });
  });

  it('cancels nothing that was cancelled often enough', async () => {
    const { watch, cancels } = await watched(OPEN, RUNS, false);
    expect(cancels).toBe(0);
    expect(watch.stop()).toMatchObject({ reason: 'the live pipeline nightly runs' });
  });

  it('takes an answer that does not come for no news', async () => {
    const watch = watchGate(
      () => Promise.reject(new Error('the ledger is gone')),
      () => Promise.reject(new Error('nothing is to be cancelled')),
    );
    watch.began({ cancellable: true });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(watch.stop()).toBeNull();
    await watch.end();
  });
});
