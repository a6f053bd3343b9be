import { describe } from 'vitest';
import { killsAtEveryPoint } from '../support/kills-at-every-point.ts';
import { createOwnWorld } from '../support/own-world.ts';

describe('kill -9 of PostgreSQL', () => {
  killsAtEveryPoint(async () => {
    const { world, postgres, end } = await createOwnWorld(100);
    return {
      world,
      kill: () => postgres.kill(),
      restart: async (worker) => {
        await postgres.restart();
        return worker;
      },
      end,
    };
  }, 'postgres');
});
