import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { runHistories } from './run-histories.ts';
import type { Script } from './script.ts';
import { DIGEST, countsOf, stoppedAt, untilCancelled } from './script.ts';
import type { Play, Stage } from './stage.ts';
import { createStage, recorded } from './stage.ts';

const BUDGET = 60;
/** Four events a signal: what still comes while the watch is ended and the server takes the continuation over. */
const SLACK = 60 * 4;
const STRANGERS = 60;

let stage: Stage;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage.end());

/** Two messages at a time that change nothing: one is refused, the other says what is so already. */
async function flood(play: Play, strangers = STRANGERS): Promise<void> {
  for (let n = 1; n <= strangers; n += 1)
    await Promise.all([play.signal(`stranger${n}`, { n }), play.signal('livePipelineFinished')]);
}

/** By message: how many different numbers it was told under. */
function strangersTold(play: Play): string[] {
  const told = new Map(recorded(play).map((one) => [one.number, one.message]));
  return [...told.values()].filter((message) => message.startsWith('stranger'));
}

async function allTold(play: Play, strangers = STRANGERS): Promise<void> {
  await waitFor(() => strangersTold(play).length >= strangers, {
    timeoutMs: 20_000,
    describe: () => `${strangers} strangers in the ledger; it has ${strangersTold(play).length}`,
  });
  expect(strangersTold(play)).toEqual(Array.from({ length: strangers }, (_, index) => `stranger${index + 1}`));
}

async function expectBounded(play: Play): Promise<void> {
  const lengths = (await runHistories(stage.client, play.workflowId)).map(({ events }) => events?.length ?? 0);
  expect(lengths.length).toBeGreaterThan(1);
  for (const length of lengths) expect(length).toBeLessThanOrEqual(BUDGET + SLACK);
}

describe('messages that change nothing keep no history growing', () => {
  it('while approval is awaited', async () => {
    const play = await stage.start(undefined, { historyBudget: BUDGET });
    await play.reach('awaitingApproval');
    await flood(play);
    await allTold(play);
    await expectBounded(play);
    expect(await play.update('approve', { by: 'finance-controller', digest: DIGEST })).toBe('approve is heard');
    await play.reach('observing');
  });

  it('while a gate is closed', async () => {
    const play = await stage.start(
      () => ({
        rebuildClaim: async ({ claim }) =>
          stoppedAt(claim, { kind: 'gate', reason: 'the live pipeline nightly runs' }, countsOf(0)),
        awaitGate: untilClosed,
      }),
      { historyBudget: BUDGET },
    );
    await play.called('awaitGate');
    await flood(play);
    await allTold(play);
    await play.until('the gate', ({ waitingOn }) => waitingOn?.reason === 'the live pipeline nightly runs');
    await expectBounded(play);
  });

  it('while a release is observed', async () => {
    const play = await stage.start(undefined, { historyBudget: BUDGET });
    await play.reach('awaitingApproval');
    await play.update('approve', { by: 'finance-controller', digest: DIGEST });
    const { rollbackDeadline } = await play.reach('observing');
    await flood(play);
    await allTold(play);
    await expectBounded(play);
    expect(await play.status()).toMatchObject({ status: 'observing', rollbackDeadline });
  });

  it('nor while the ledger is away, which is told all of them when it is back', async () => {
    let isAway = true;
    const kept: string[] = [];
    const play = await stage.start(
      () => ({
        recordMessages: async ({ messages }) => {
          kept.push(...(isAway ? [] : messages.map(({ message }) => message)));
          if (isAway) throw ApplicationFailure.retryable('connect ECONNREFUSED', 'WarehouseUnavailable');
        },
      }),
      { historyBudget: BUDGET },
    );
    await play.reach('awaitingApproval');
    await flood(play);
    await play.until('a fresh history', ({ historyLength }) => historyLength < BUDGET);
    await expectBounded(play);
    isAway = false;
    await waitFor(() => kept.includes(`stranger${STRANGERS}`), { timeoutMs: 20_000, describe: 'the last stranger' });
    expect(kept).toEqual(Array.from({ length: STRANGERS }, (_, index) => `stranger${index + 1}`));
  });
});

describe('a step without a cursor', () => {
  it('comes to its end under a flood that would fill many a history', async () => {
    let sent = 0;
    const play = await stage.start(
      (happy): Partial<Script> => ({
        takeSnapshot: async (input) => {
          const done = waitFor(untilSent(sent + 40), { timeoutMs: 60_000, describe: 'forty more messages' });
          return Promise.race([untilCancelled(), done.then(() => happy.takeSnapshot(input))]);
        },
      }),
      { historyBudget: BUDGET },
    );
    const untilSent = (count: number) => () => sent >= count;
    await play.called('takeSnapshot');
    while ((await play.status()).status === 'preserving') {
      sent += 1;
      await play.signal(`stranger${sent}`);
    }
    await play.reach('awaitingApproval');
    expect(play.count('takeSnapshot')).toBeGreaterThan(1);
    expect(play.count('takeSnapshot')).toBeLessThan(8);
    await allTold(play, sent);
  });
});

/** As a gate that never opens: a poll that fails at once, and is tried again. */
async function untilClosed(): Promise<never> {
  throw ApplicationFailure.create({ type: 'StillWaiting', message: 'closed', nextRetryDelay: '1s' });
}
