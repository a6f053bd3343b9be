import { join } from 'node:path';
import { connect } from '../client/connect.ts';
import { readConfig } from '../config/config.ts';
import type { Consumers } from '../../examples/daily-revenue/consumers.ts';
import { openConsumers } from '../../examples/daily-revenue/consumers.ts';
import type { BackfillStatus } from '../domain/status.ts';
import type { DemoOptions } from './demo/options.ts';
import { USAGE, readOptions } from './demo/options.ts';
import { createNarrator } from './demo/narrator.ts';
import { DEMO_ID, tellStory } from './demo/story.ts';
import type { LocalStackWithExample } from './local-stack-with-example.ts';
import { bringUp } from './local-stack-with-example.ts';
import { tryProcessLock } from './process-lock.ts';
import { removeStackFile, stackFolder, writeStackFile } from './stack-file.ts';
import { onStopSignal, whenOutputIsLost } from './stop-signals.ts';
import { untilAborted } from './until-aborted.ts';

const narrator = createNarrator(process.stdout);
const interrupted = new AbortController();
onStopSignal(() => interrupted.abort());
// A story that nobody reads any more ends, and stops what it started.
whenOutputIsLost(() => interrupted.abort());

/** Ends the story where a person wanted to take over. */
class HandOver extends Error {}

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = readOptions(args);
    if (options === 'help') {
      process.stdout.write(`${USAGE}\n`);
      return 0;
    }
    return await demo(options);
  } catch (error) {
    narrator.say(`The demo failed: ${error instanceof Error ? error.message : String(error)}`);
    narrator.say(
      'Logs are in .backfill/demo (worker.log, live-pipeline.log, postgres, temporal); run it again when that is mended, or remove .backfill/demo to begin anew.',
    );
    return 1;
  }
}

async function demo(options: DemoOptions): Promise<number> {
  const folder = stackFolder(process.cwd());
  const data = `${folder}/demo`;
  narrator.say('starts PostgreSQL, a Temporal server with its UI, a worker and a live pipeline that keeps writing');
  const consumers = await openConsumers(`${data}/contracts`);
  const stack = await bringUp({
    folder: data,
    eventsPerDay: options.eventsPerDay,
    log: (line) => narrator.say(`   ${line}`),
    fresh: true,
    contracts: consumers.contracts,
  }).catch(async (error: unknown) => {
    await consumers.close();
    throw error;
  });
  const announced = announce(folder, stack);
  try {
    await consumers.create(stack.stack.adminUrl, stack.urls['finance_export'] ?? '');
    await runStory(options, stack, consumers);
    whereToLook(stack, options);
    if (options.stay) await untilAborted(interrupted.signal);
    return 0;
  } catch (error) {
    if (error instanceof HandOver) {
      await untilAborted(interrupted.signal);
      return 0;
    }
    if (interrupted.signal.aborted) return 130;
    throw error;
  } finally {
    narrator.say('stops what it started');
    if (announced) removeStackFile(folder);
    await stack.stop();
    await consumers.close();
  }
}

async function runStory(options: DemoOptions, stack: LocalStackWithExample, consumers: Consumers): Promise<void> {
  const config = readConfig({}, stack.stack);
  if (!config.ok) throw new Error(config.problems.map((problem) => `${problem.setting} ${problem.problem}`).join('; '));
  const connected = await connect(config.config);
  try {
    const reached = (status: BackfillStatus): void => {
      if (status !== options.pauseAt) return;
      narrator.say(`stops here for you to take over (Ctrl-C ends everything):`);
      narrator.say(`   npm run --silent backfill -- status ${DEMO_ID}`);
      throw new HandOver();
    };
    await tellStory({ stack, consumers, client: connected.client, narrator, signal: interrupted.signal, reached });
  } finally {
    await connected.close();
  }
}

/** Every command finds the demo's servers, unless a stack of `npm run up` is kept there: then it stays the one they find. */
function announce(folder: string, { stack }: LocalStackWithExample): boolean {
  const keeper = tryProcessLock(join(folder, 'stack.lock'));
  if (!keeper.held) return false;
  writeStackFile(folder, stack);
  keeper.release();
  return true;
}

function whereToLook({ stack }: LocalStackWithExample, { stay }: DemoOptions): void {
  narrator.say('');
  narrator.say('Where to look');
  narrator.say(`   report      ${stackFolder(process.cwd())}/demo/reports/${DEMO_ID}.html`);
  narrator.say(
    `   Temporal UI ${stack.temporalUi ?? 'none'}${stay ? '' : ' (stopped with the demo; --stay leaves it up)'}`,
  );
  narrator.say('   ledger      schema governance of the warehouse: backfill_runs, data_releases, backfill_events');
  narrator.say('   the code    ARCHITECTURE.md follows this backfill through it');
}
