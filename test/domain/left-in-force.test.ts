import { describe, expect, it } from 'vitest';
import type { KeptMessage } from '../../src/domain/left-in-force.ts';
import { leftInForce } from '../../src/domain/left-in-force.ts';
import type { Incoming } from '../../src/domain/messages.ts';
import { LATER, NOW } from './states.ts';

const said = (message: string, detail: Incoming = {}, at = NOW): KeptMessage => ({ message, by: 'olaf', at, detail });

describe('what earlier messages left in force', () => {
  it('is nothing where nobody said anything', () => {
    expect(leftInForce([])).toEqual({ limits: {}, paused: null });
  });

  it('is the newest of each limit, by itself', () => {
    const messages = [
      said('setLimits', { max_concurrency: 4, daily_bytes_budget: '500GB' }),
      said('setLimits', { max_concurrency: 3 }),
      said('setLimits', { daily_bytes_budget: null }),
    ];
    expect(leftInForce(messages).limits).toEqual({ maxConcurrency: 3, dailyBytesBudget: null });
  });

  it('is a pause that nobody ended, with who asked for it, why and since when', () => {
    const paused = [said('pause'), said('resume'), said('pause', { reason: 'month end' }, LATER)];
    expect(leftInForce(paused).paused).toEqual({ by: 'olaf', reason: 'month end', since: LATER });
    expect(leftInForce([...paused, said('resume')]).paused).toBeNull();
  });

  it('takes no limits from a message that could not be read', () => {
    expect(leftInForce([said('setLimits', { shortened: '{"max_con' })]).limits).toEqual({});
  });
});
