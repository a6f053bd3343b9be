import { afterAll, beforeAll, expect, it } from 'vitest';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { publishRelease } from '../../src/ledger/releases.ts';
import { withTransaction } from '../../src/warehouse/session.ts';
import { besideSales } from '../support/sales-scenario.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';
import { waitFor } from '../support/wait-for.ts';

interface Ready {
  readonly world: SmallDataset;
  readonly plan: BackfillPlan;
  readonly armedView: string;
}

let first: Ready;
let second: Ready;

beforeAll(async () => {
  first = await ready(await createDataset());
  second = await ready(await createDataset(besideSales(), first.world));
});
afterAll(async () => {
  await second.world.end();
  await first.world.end();
});

async function ready(world: SmallDataset): Promise<Ready> {
  const plan = await world.plan();
  await world.preserve();
  await world.build();
  await world.conclude();
  await world.approve();
  return { world, plan, armedView: await world.arm() };
}

/** Publishes in a transaction that is held open until `meanwhile` is over. */
const publish = ({ world, plan, armedView }: Ready, meanwhile = () => Promise.resolve()): Promise<string> =>
  world.session((session) =>
    withTransaction(session, async () => {
      const call = publishRelease({ plan, fence: 1_000, expected: null, windowMs: 60_000, armedView });
      const { release } = await session.one<{ release: { releaseId: string } }>(call);
      await meanwhile();
      return release.releaseId;
    }),
  );

it('two datasets that are published for one issue at the same time get a number each, and no writer waits for the other', async () => {
  let other: Promise<string> | undefined;
  const number = await publish(first, async () => {
    other = publish(second);
    await waitFor(
      async () => {
        const waiting = await first.world.query(
          `SELECT FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()`,
        );
        return waiting.length === 1;
      },
      { timeoutMs: 20_000, describe: 'the second publication to wait for the first' },
    );
    await second.world.as(
      'revenue_pipeline',
      `SET lock_timeout = '1s'; DELETE FROM finance.takings_by_day WHERE false`,
    );
  });
  expect([number, await other]).toEqual(['FIN-1', 'FIN-1.2']);
});
