import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readStatus } from '../../src/cli/read-status.ts';
import { backfillIdOf } from '../../src/protocol/identity.ts';
import { waitFor } from '../support/wait-for.ts';
import type { Play, Stage } from './stage.ts';
import { createStage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage.end());

const away = (): never => {
  throw ApplicationFailure.retryable('connect ECONNREFUSED 127.0.0.1:5432', 'WarehouseUnavailable');
};

async function shows(play: Play, expected: RegExp): Promise<void> {
  const id = backfillIdOf(play.workflowId);
  let reason: string | undefined;
  await waitFor(
    async () => {
      const known = await readStatus(stage.client, { warehouse: null }, id);
      reason = known?.view.waitingOn?.reason;
      return expected.test(reason ?? '');
    },
    { timeoutMs: 20_000, describe: () => `the status to show ${expected.source}; it shows ${reason}` },
  );
}

describe('a warehouse that is away', () => {
  it('is what a run that would work waits for, with its attempts and their error', async () => {
    const play = await stage.start(() => ({ rebuildClaim: away }));
    await shows(
      play,
      /^the warehouse cannot be reached or is out of a resource \(rebuildClaim, attempt [3-9]: connect ECONNREFUSED 127\.0\.0\.1:5432\)$/,
    );
  });

  it('is told beside the wait of a status that waits by itself', async () => {
    const play = await stage.start(() => ({ watchLiveWrites: away }));
    await shows(play, /^approval of evidence .*; meanwhile the warehouse cannot be reached .*watchLiveWrites, attempt/);
  });

  it('is no idle poll, which fails by design', async () => {
    const poll = (): never => {
      throw ApplicationFailure.create({ type: 'StillWaiting', message: 'no live write', nextRetryDelay: '100ms' });
    };
    const play = await stage.start(() => ({ watchLiveWrites: poll }));
    await play.reach('awaitingApproval');
    await play.called('watchLiveWrites', 3);
    await shows(play, /^approval of evidence aa11bb22cc33 by finance-controller or finance-director$/);
    const { historyLength } = await play.status();
    await play.called('watchLiveWrites', 10);
    expect((await play.status()).historyLength).toBe(historyLength);
  });
});
