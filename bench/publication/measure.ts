import type { Worker } from 'node:worker_threads';
import { measureWrites } from './captured-writes.ts';
import type { ComparisonResult } from './compare-thread.ts';
import { captureAgain, consolidate } from './consolidate.ts';
import { countMixed, expectedAnswers } from './expected-answers.ts';
import { countLost } from './lost-rows.ts';
import type { Measured } from './measured.ts';
import { publish } from './release-cycle.ts';
import type { SwitchOptions } from './switch-rounds.ts';
import { measureSwitches } from './switch-rounds.ts';
import { startThread } from './thread.ts';
import { startTraffic } from './traffic.ts';
import type { ViewRead } from './view-reads.ts';
import { measurePublishedShapes, measureShape } from './view-reads.ts';
import type { World } from './world.ts';

export interface MeasureOptions extends SwitchOptions {
  readonly readers: number;
  /** Of each kind and round, into each table. */
  readonly writes: number;
  /** Of a point, in each shape, mode and round; longer reads fewer times. */
  readonly reads: number;
}

/** Everything on one run: switches under traffic first, then shape after shape to the end of the overlay, then what capture costs. */
export async function measurePublication(
  world: World,
  options: MeasureOptions,
  log: (line: string) => void,
): Promise<Measured> {
  const expected = await expectedAnswers(world);
  const traffic = await startTraffic(world, options.readers);
  const rounds = await measureSwitches(world, traffic, options, log);
  const seen = await traffic.stop();
  const written = [...seen.today.log, ...seen.late.log];
  const compareDelay: ComparisonResult['loopDelay'][] = [];
  const comparing = startThread('compare-thread', { url: world.urls.revenue_pipeline });
  comparing.on('message', ({ loopDelay }: ComparisonResult) => compareDelay.push(loopDelay));
  const { views, lostRows } = await throughShapes(world, comparing, options, written, log);
  await captureAgain(world);
  const writes = await measureWrites(world, comparing, options);
  log('writes with and without capture');
  comparing.postMessage('stop');
  return {
    days: world.plan.partitions,
    rowsPerDay: world.rowsPerDay,
    rounds,
    heard: world.heard,
    traffic: seen,
    mixedReads: countMixed(
      expected,
      seen.readers,
      rounds.flatMap(({ longAnswers }) => longAnswers),
    ),
    lostRows,
    views,
    writes,
    compareDelay,
  };
}

async function throughShapes(
  world: World,
  comparing: Worker,
  { rounds, reads }: MeasureOptions,
  written: Parameters<typeof countLost>[1],
  log: (line: string) => void,
): Promise<{ readonly views: ViewRead[]; readonly lostRows: number }> {
  const views: ViewRead[] = [];
  const several = async (shape: 'armed, not switched' | 'consolidated'): Promise<void> => {
    for (let round = 1; round <= rounds; round += 1)
      views.push(...(await measureShape(world, comparing, shape, reads)));
    log(`reads through the view: ${shape}`);
  };
  await several('armed, not switched');
  await publish(world);
  let lostRows = await countLost(world, written);
  views.push(...(await measurePublishedShapes(world, comparing, { rounds, reads })));
  log('reads through the view: armed and settled');
  await consolidate(world);
  lostRows += await countLost(world, written);
  await several('consolidated');
  return { views, lostRows };
}
