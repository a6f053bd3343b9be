import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import type { ReceivedMessage } from '../../src/domain/received-message.ts';
import { rollbackStatement } from '../../src/ledger/releases.ts';
import type { Resumption } from '../../src/protocol/activities.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

const RUN = { backfillId: 'fix-tax' };
const NOON = '2026-01-15T12:00:00.000Z';

let world: SmallDataset;
let plan: BackfillPlan;
beforeEach(async () => {
  world = await createDataset();
  plan = await world.plan();
});
afterEach(() => world.end());

/** The run is planned again, as by a workflow that was started after its predecessor was terminated. */
async function startAgain(status: string): Promise<Resumption> {
  await world.query('UPDATE governance.backfill_runs SET status = $1', [status]);
  const launch = { spec: world.scenario.spec, requestedBy: 'dora' };
  const outcome = await world.activities.planBackfill({ launch, workflowId: 'backfill-fix-tax' });
  if (outcome.kind === 'refused' || outcome.resume === null) throw new Error(JSON.stringify(outcome));
  return outcome.resume;
}

async function publish(): Promise<void> {
  await world.throughPublication();
}

async function rollBackByHand(): Promise<void> {
  await world.as('backfill_worker', rollbackStatement(plan, 'FIN-1'));
}

function events(): Promise<{ kind: string; actor: string; detail: Record<string, unknown> }[]> {
  return world.query(
    `SELECT kind, actor, detail FROM governance.backfill_events WHERE kind IN ('pause', 'resume', 'setLimits', 'message refused') ORDER BY event_id`,
  );
}

describe('a run that is started again after it was terminated', () => {
  it('asks whether to publish again after a rollback by hand, wherever it was', async () => {
    await publish();
    await rollBackByHand();
    for (const status of ['publishing', 'observing', 'held', 'rollingBack', 'awaitingSignOff', 'rolledBack'])
      expect(await startAgain(status), status).toMatchObject({ at: 'rolledBack', release: { state: 'rolled_back' } });
  });

  it('goes on with the publication that was asked for since', async () => {
    await publish();
    await rollBackByHand();
    expect(await startAgain('reconciling')).toMatchObject({ at: 'rolledBack' });
    await world.conclude();
    for (const status of ['reconciling', 'awaitingApproval', 'publishing', 'held'])
      expect(await startAgain(status), status).toMatchObject({ at: null });
    expect(await startAgain('rolledBack')).toMatchObject({ at: 'rolledBack' });
  });

  it('watches the release that readers see, in the shape of its view, with the sign-offs it has', async () => {
    await publish();
    await world.activities.reshapeView({ ...RUN, shape: 'settled', by: 'olaf' });
    const decision = { kind: 'signOff', party: 'bi', releaseId: 'FIN-1' } as const;
    await world.activities.recordDecision({ ...RUN, decision });
    await world.activities.recordDecision({ ...RUN, decision: { ...decision, party: 'data', releaseId: 'FIN-0' } });
    const resumption = await startAgain('awaitingSignOff');
    expect(resumption).toMatchObject({ at: 'observing', release: { state: 'published', shape: 'settled' } });
    expect(resumption.release?.rollbackStatement).toMatch(/shape_view/);
    expect(resumption.signOffs.map(({ party }) => party)).toEqual(['bi']);
    await world.activities.reshapeView({ ...RUN, shape: 'armed', by: 'olaf' });
    expect(await startAgain('rollingBack')).toMatchObject({ at: 'rollingBack', release: { shape: 'armed' } });
  });

  it('has the limits and the pause that were in force, in the order in which they were said', async () => {
    const by = 'olaf';
    const said: ReceivedMessage[] = [
      { number: 4, at: NOON, message: 'pause', by, detail: { reason: 'month end' } },
      { number: 2, at: NOON, message: 'pause', by, detail: { reason: 'lunch' } },
      { number: 3, at: NOON, message: 'resume', by, detail: {} },
      { number: 1, at: NOON, message: 'setLimits', by, detail: { max_concurrency: 5, daily_bytes_budget: '1GB' } },
      { number: 10, at: NOON, message: 'setLimits', by, detail: { max_concurrency: 3 } },
      { number: 9, at: NOON, message: 'setLimits', by, detail: { max_concurrency: 4 } },
    ];
    await world.activities.recordMessages({ ...RUN, messages: said });
    expect((await startAgain('building')).inForce).toEqual({
      limits: { maxConcurrency: 3, dailyBytesBudget: 1_000_000_000 },
      paused: { by, reason: 'month end', since: NOON },
    });
  });
});

describe('the ledger of messages', () => {
  it('has each once, however often it is told, and two of one moment twice', async () => {
    const pause = { at: NOON, message: 'pause', by: 'olaf', detail: { reason: 'month end' } };
    const refused = { at: NOON, message: 'aprove', reason: 'no message has this name' };
    const messages = [
      { ...pause, number: 1 },
      { ...pause, number: 2 },
      { ...refused, number: 3 },
    ];
    await world.activities.recordMessages({ ...RUN, messages });
    await world.activities.recordMessages({ ...RUN, messages: messages.slice(1) });
    expect(await events()).toEqual([
      { kind: 'pause', actor: 'olaf', detail: { reason: 'month end', at: NOON, number: 1 } },
      { kind: 'pause', actor: 'olaf', detail: { reason: 'month end', at: NOON, number: 2 } },
      { kind: 'message refused', actor: 'workflow', detail: { ...refused, number: 3 } },
    ]);
  });

  it('keeps what is sure of a message whose text it cannot hold, and all others', async () => {
    const text = { at: NOON, message: 'pause', by: 'olaf', detail: { reason: 'a\u0000b' } };
    const messages = [
      { ...text, number: 1 },
      { ...text, number: 2, detail: { reason: '\ud800' } },
      { ...text, number: 3, detail: { reason: 'month end' } },
    ];
    await world.activities.recordMessages({ ...RUN, messages });
    const reason = 'it holds characters that the ledger cannot keep';
    expect((await events()).map(({ detail }) => detail)).toEqual([
      { message: 'unreadable', reason, at: NOON, number: 1 },
      { message: 'unreadable', reason, at: NOON, number: 2 },
      { reason: 'month end', at: NOON, number: 3 },
    ]);
  });
});
