import { describe } from 'vitest';
import { killsAtEveryPoint } from '../support/kills-at-every-point.ts';
import { createOwnWorld } from '../support/own-world.ts';

describe('kill -9 of the Temporal server', () => {
  killsAtEveryPoint(async () => {
    const { world, temporal, end } = await createOwnWorld(100);
    return {
      world,
      kill: () => temporal.kill(),
      restart: async (worker) => {
        await temporal.restart();
        return worker;
      },
      end,
    };
  }, 'temporal');
});
