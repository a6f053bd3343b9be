import { describe } from 'vitest';
import { killsAtEveryPoint } from '../support/kills-at-every-point.ts';
import { createWorld } from '../support/world.ts';

describe('kill -9 of the worker', () => {
  killsAtEveryPoint(async () => {
    const world = await createWorld(100);
    return {
      world,
      kill: async (worker) => {
        worker.kill();
        await worker.exited();
      },
      restart: async (_, start) => {
        const worker = start();
        await worker.ready();
        return worker;
      },
      end: () => world.end(),
    };
  }, 'worker');
});
