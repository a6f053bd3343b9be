import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';
import { beating } from '../../activities/beating.ts';
import { createLightActivities, createWarehouseActivities } from '../../activities/index.ts';
import type { ActivityDeps } from '../../activities/index.ts';

describe('an activity that waits', () => {
  it('beats until it is done, and not after', async () => {
    const environment = new MockActivityEnvironment();
    let beats = 0;
    let seen = (): void => undefined;
    environment.on('heartbeat', () => {
      beats += 1;
      seen();
    });
    const { patient } = beating({
      patient: async (): Promise<string> => {
        await new Promise<void>((resolve) => {
          seen = resolve;
        });
        return 'done';
      },
    });
    expect(await environment.run(patient, undefined as never)).toBe('done');
    expect(beats).toBe(1);
  });
});

describe('the activities of the worker', () => {
  it('all beat while the warehouse does not answer', async () => {
    // A pool that never gives a connection: nothing below it is reached.
    const pool = { connect: () => new Promise(() => undefined) };
    const deps = { pool, contracts: { dir: 'nowhere' }, now: () => new Date() } as unknown as ActivityDeps;
    const input = { backfillId: 'fix-tax', messages: [], limits: {}, claim: { from: 1, to: 1 } };
    const all = Object.entries({ ...createLightActivities(deps), ...createWarehouseActivities(deps) }).filter(
      // Planning reads documents first; it beats while it works.
      ([name]) => name !== 'planBackfill',
    );
    await Promise.all(
      all.map(async ([name, activity]) => {
        const environment = new MockActivityEnvironment();
        const beat = new Promise<string>((resolve) => environment.on('heartbeat', () => resolve(name)));
        void environment.run(activity as (given: unknown) => Promise<unknown>, input);
        expect(await beat).toBe(name);
      }),
    );
    expect(all.length).toBeGreaterThan(15);
  });
});
