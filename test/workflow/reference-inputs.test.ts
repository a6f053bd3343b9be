import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AcceptOutcome } from '../../src/protocol/activities.ts';
import type { FailureType } from '../../src/protocol/failures.ts';
import { countsOf } from './script.ts';
import type { Script } from './script.ts';
import type { Stage } from './stage.ts';
import { createStage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage.end());

const CHANGED: FailureType = 'InputChanged';

/** The second claim finds the input changed, once. */
function changesOnce(happy: Script, answers: AcceptOutcome[]): Partial<Script> {
  let claims = 0;
  return {
    rebuildClaim: (input) => {
      claims += 1;
      if (claims === 2) throw ApplicationFailure.nonRetryable('staging.merchants changed', CHANGED);
      return happy.rebuildClaim(input);
    },
    acceptInputs: () => Promise.resolve(answers.shift() ?? { kind: 'accepted', counts: countsOf(0) }),
  };
}

describe('a run that is held because a reference input changed', () => {
  it('goes back to its first batch when a person tries again, and not before it is accepted', async () => {
    const again: AcceptOutcome = { kind: 'changedAgain', reason: 'it is another again' };
    const play = await stage.start((happy) => changesOnce(happy, [again]));
    const held = await play.reach('held');
    expect(held).toMatchObject({ hold: { from: 'building', inputsChanged: true, check: null } });
    expect(held.waitingOn?.reason).toContain('staging.merchants changed');
    await play.update('retry', { by: 'olaf' });
    await play.until('the refusal', ({ refusals }) => refusals.some(({ reason }) => reason === 'it is another again'));
    expect((await play.status()).status).toBe('held');
    await play.update('retry', { by: 'olaf' });
    await play.reach('awaitingApproval');
    const claims = play.calls.filter(({ name }) => name === 'rebuildClaim').map(({ input }) => input['claim']);
    expect(claims.slice(0, 3)).toEqual([
      { from: 1, to: 1 },
      { from: 2, to: 3 },
      { from: 1, to: 2 },
    ]);
    expect(play.calls.find(({ name }) => name === 'acceptInputs')?.input).toMatchObject({ by: 'olaf' });
    expect(play.count('proveLogic')).toBe(1);
  });

  it('can be given up instead', async () => {
    const play = await stage.start((happy) => changesOnce(happy, []));
    await play.reach('held');
    await play.update('abort', { by: 'olaf', reason: 'another day' });
    await play.reach('aborted');
    expect(play.count('acceptInputs')).toBe(0);
  });
});
