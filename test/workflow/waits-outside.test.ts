import { ApplicationFailure } from '@temporalio/common';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureSearchAttributes } from '../../worker/search-attributes.ts';
import { temporalAddress } from '../support/temporal.ts';
import { waitFor } from '../support/wait-for.ts';
import { runHistories } from './run-histories.ts';
import { countsOf, stoppedAt, untilCancelled } from './script.ts';
import type { Script } from './script.ts';
import type { Play, Stage } from './stage.ts';
import { createStage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await createStage();
  const connection = await NativeConnection.connect({ address: temporalAddress() });
  await ensureSearchAttributes(connection, 'default');
  await connection.close();
});
afterAll(() => stage.end());

const GATE = 'the live pipeline nightly runs';

/** The gate is closed until the test opens it. */
function closedGate(): { readonly edit: (happy: Script) => Partial<Script>; open(): void } {
  let isOpen = false;
  const edit = (happy: Script): Partial<Script> => ({
    rebuildClaim: async (input) =>
      isOpen ? happy.rebuildClaim(input) : stoppedAt(input.claim, { kind: 'gate', reason: GATE }, countsOf(0)),
    awaitGate: async () => {
      if (!isOpen)
        throw ApplicationFailure.create({ type: 'StillWaiting', message: 'closed', nextRetryDelay: '200ms' });
    },
  });
  return { edit, open: () => (isOpen = true) };
}

/** What the server shows without asking a worker. */
async function outside({ handle }: Play): Promise<{ memo: unknown; kind: unknown }> {
  const { memo, typedSearchAttributes } = await handle.describe();
  const pair = typedSearchAttributes.getAll().find(({ key }) => key.name === 'BackfillWaitingOn');
  return { memo: memo?.['waitingOn'], kind: pair?.value };
}

async function shows(play: Play, memo: string, kind: string): Promise<void> {
  let seen: unknown;
  await waitFor(
    async () => {
      const now = await outside(play);
      seen = now;
      return now.memo === memo && now.kind === kind;
    },
    { timeoutMs: 10_000, describe: () => `memo and attributes to show ${memo}; they show ${JSON.stringify(seen)}` },
  );
}

describe('what the server shows of a wait', () => {
  it('is the gate, the pause and the signalled pipeline while they last, in this run and in the next', async () => {
    const gate = closedGate();
    const play = await stage.start(gate.edit, { historyBudget: 60, plan: { searchAttributes: true } });
    await play.called('awaitGate');
    await shows(play, GATE, 'the gate');
    await play.update('pause', { by: 'olaf', reason: 'month end' });
    await shows(play, 'paused by olaf: month end; resume ends it', 'resume');
    await play.update('resume', { by: 'olaf' });
    await shows(play, GATE, 'the gate');
    await play.signal('livePipelineStarted', { name: 'nightly' });
    await shows(
      play,
      `${GATE.replace('runs', 'signalled that it runs')}; livePipelineFinished ends it`,
      'the live pipeline',
    );
    await play.signal('livePipelineFinished');
    await shows(play, GATE, 'the gate');
    const first = (await play.handle.describe()).runId;
    for (let n = 1; (await play.handle.describe()).runId === first; n += 1) await play.signal(`stranger${n}`);
    await shows(play, GATE, 'the gate');
    gate.open();
    await shows(play, 'approval of evidence aa11bb22cc33 by finance-controller or finance-director', 'approval');
  });

  it('costs one event a change, and nothing for progress or a message that changes no wait', async () => {
    let finish = (): void => undefined;
    const mayFinish = new Promise<void>((resolve) => (finish = resolve));
    const play = await stage.start((happy) => ({
      takeSnapshot: async (input) => Promise.race([untilCancelled(), mayFinish.then(() => happy.takeSnapshot(input))]),
    }));
    await play.called('takeSnapshot');
    const before = await memosWritten(play);
    await play.signal('setLimits', { by: 'olaf', max_concurrency: 2 });
    finish();
    await play.reach('awaitingApproval');
    // Building, reconciling and awaitingApproval: one each.
    expect((await memosWritten(play)) - before).toBe(3);
  });
});

async function memosWritten(play: Play): Promise<number> {
  const histories = await runHistories(stage.client, play.workflowId);
  return histories
    .flatMap(({ events }) => events ?? [])
    .filter(
      (event) =>
        event.workflowPropertiesModifiedEventAttributes !== undefined &&
        event.workflowPropertiesModifiedEventAttributes !== null,
    ).length;
}
