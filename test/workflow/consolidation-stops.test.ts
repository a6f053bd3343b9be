import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApplicationFailure } from '@temporalio/common';
import type { ConsolidationResult } from '../../src/protocol/activities.ts';
import { waitFor } from '../support/wait-for.ts';
import { CHECK, DIGEST } from './script.ts';
import type { Script } from './script.ts';
import type { Play, Stage } from './stage.ts';
import { createStage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage.end());

async function consolidating(edit: (happy: Script) => Partial<Script>, retainMs?: number): Promise<Play> {
  const plan = retainMs === undefined ? {} : { plan: { retainAfterSignOffMs: retainMs } };
  const play = await stage.start(edit, { windowMs: 1, ...plan });
  await play.reach('awaitingApproval');
  await play.update('approve', { by: 'finance-controller', digest: DIGEST });
  await play.reach('awaitingSignOff');
  for (const by of ['finance-data', 'business-intelligence', 'revenue-operations'])
    await play.update('signOff', { by });
  return play;
}

/** Every partition is moved, and a live write came since. */
const stoppedAtTheEnd = (stopped: ConsolidationResult['stopped']) => () => ({
  consolidateClaim: async (): Promise<ConsolidationResult> => ({ upTo: 12, done: true, stopped }),
  retireOverlay: async () => ({ retired: false }),
});

describe('when every partition is moved and a live write came since', () => {
  it('a closed gate is waited for, and nothing is compared meanwhile', async () => {
    const play = await consolidating((happy) => ({
      ...stoppedAtTheEnd({ kind: 'gate', reason: 'the nightly load runs' })(),
      awaitGate: async (input) => {
        if (play.count('awaitGate') < 3)
          throw ApplicationFailure.create({ message: 'the nightly load runs', nextRetryDelay: 50 });
        return happy.awaitGate(input);
      },
    }));
    await play.until('the gate', (view) => view.waitingOn?.reason === 'the nightly load runs');
    expect(play.count('retireOverlay')).toBe(0);
  });

  it('a batch that fails holds the run', async () => {
    const play = await consolidating(stoppedAtTheEnd({ kind: 'failed', batch: 1, check: CHECK }));
    expect((await play.reach('held')).hold).toMatchObject({ from: 'consolidating', batch: 1, check: CHECK });
    expect(play.count('retireOverlay')).toBe(0);
  });

  it('a rollback by hand holds the run', async () => {
    const play = await consolidating(stoppedAtTheEnd({ kind: 'rolledBack', at: '2026-06-15T10:00:00.000Z' }));
    expect((await play.reach('held')).hold?.reason).toContain('was rolled back by hand');
    expect(play.count('retireOverlay')).toBe(0);
  });
});

describe('while the snapshot is retained', () => {
  it('a pause keeps it until somebody resumes', async () => {
    const play = await consolidating(() => ({}), 2_000);
    await waitFor(() => play.count('cleanUp') === 1, { timeoutMs: 20_000, describe: 'the shadow to be dropped' });
    const fired = await timersFired(play);
    expect(await play.update('pause', { by: 'olaf', reason: 'the auditors want it' })).toBe('pause is heard');
    // The retention ends while it is paused: a timer of the server's, which fires whatever we wait for.
    await waitFor(async () => (await timersFired(play)) > fired, {
      timeoutMs: 20_000,
      describe: 'the retention to end',
    });
    expect((await play.status()).status).toBe('consolidating');
    expect(play.count('cleanUp')).toBe(1);
    await play.update('resume', { by: 'olaf' });
    await play.reach('completed');
    expect(play.calls.filter(({ name }) => name === 'cleanUp').at(-1)).toMatchObject({
      input: { keepSnapshot: false },
    });
  });
});

async function timersFired({ handle }: Play): Promise<number> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).filter(({ timerFiredEventAttributes: fired }) => fired !== null && fired !== undefined).length;
}
