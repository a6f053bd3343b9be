import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackfillStatus } from '../../src/domain/status.ts';
import type { Script } from './script.ts';
import { DIGEST } from './script.ts';
import type { Play, Stage } from './stage.ts';
import { createStage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage.end());

const REASON = 'the disk of the warehouse is full (No space left on device); free space on the server';

interface Disk {
  full: boolean;
}

/** One step meets a full disk as long as it is; the gate stays closed as long. */
const meets =
  (step: keyof Script, disk: Disk) =>
  (happy: Script): Partial<Script> => ({
    [step]: async (input: never) => {
      if (disk.full) throw ApplicationFailure.nonRetryable(REASON, 'DiskFull');
      return (happy[step] as (given: never) => Promise<unknown>)(input);
    },
    awaitGate: async () => {
      if (disk.full) throw ApplicationFailure.create({ type: 'StillWaiting', nextRetryDelay: 50 });
      await happy.awaitGate({} as never);
    },
  });

const waits = (play: Play, status: BackfillStatus) =>
  play.until(`a full disk in ${status}`, (view) => view.status === status && view.waitingOn?.reason === REASON);

describe('a full disk', () => {
  it.each<[keyof Script, BackfillStatus]>([
    ['planBackfill', 'planning'],
    ['proveIdempotency', 'proving'],
    ['proveLogic', 'proving'],
    ['installCapture', 'preserving'],
    ['takeSnapshot', 'preserving'],
    ['createShadow', 'preserving'],
    ['rebuildClaim', 'building'],
    ['concludeEvidence', 'reconciling'],
  ])('that %s meets is waited for, with its reason, and the run goes on by itself', async (step, status) => {
    const disk = { full: true };
    const play = await stage.start(meets(step, disk));
    await waits(play, status);
    await play.called('awaitGate');
    expect(play.calls.find(({ name }) => name === 'awaitGate')?.input).toMatchObject({ diskFull: true });
    disk.full = false;
    const { hold, waitingOn } = await play.reach('awaitingApproval');
    expect(hold).toBeNull();
    expect(waitingOn?.reason).toMatch(/^approval of evidence/);
  });

  it('that the switch meets leaves the approval as it is', async () => {
    const disk = { full: true };
    const play = await stage.start(meets('publishRelease', disk));
    await play.reach('awaitingApproval');
    await play.update('approve', { by: 'finance-controller', digest: DIGEST });
    await waits(play, 'publishing');
    disk.full = false;
    await play.reach('observing');
    expect(play.calls.filter(({ name }) => name === 'recordDecision')).toHaveLength(1);
  });

  it('does not keep anybody from following live writes by rolling back, or from giving up', async () => {
    const disk = { full: false };
    const play = await stage.start(meets('watchLiveWrites', disk));
    await play.reach('awaitingApproval');
    await play.update('approve', { by: 'finance-controller', digest: DIGEST });
    disk.full = true;
    await waits(play, 'observing');
    await play.update('rollback', { by: 'olaf', reason: 'the disk' });
    await play.reach('rolledBack');
    const other = await stage.start(meets('takeSnapshot', disk));
    await waits(other, 'preserving');
    await other.update('abort', { by: 'olaf', reason: 'no room to be had' });
    expect(await other.handle.result()).toMatchObject({ status: 'aborted' });
  });
});
