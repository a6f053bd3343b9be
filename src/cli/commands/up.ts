import { relative } from 'node:path';
import { redactUrl } from '../../config/secret.ts';
import { EXAMPLE_SPEC, bringUp } from '../../local/local-stack-with-example.ts';
import type { LocalStackWithExample } from '../../local/local-stack-with-example.ts';
import { stackFolder } from '../../local/stack-file.ts';
import { untilAborted } from '../../local/until-aborted.ts';
import type { CommandResult } from '../command-result.ts';
import { EXIT } from '../exit-codes.ts';
import { fields } from '../render/layout.ts';
import type { Surroundings } from '../surroundings.ts';

export interface UpOptions {
  readonly eventsPerDay?: number;
  readonly pipeline: boolean;
  readonly worker: boolean;
  readonly json: boolean;
}

/** Evidence that a late event outdates every few seconds could be approved by no person who reads the report first. */
const LATE_EVERY_SECONDS = 60;

/** Keeps the local stack with the example running until Ctrl-C, then stops what it started. The data stays. */
export async function up(options: UpOptions, surroundings: Surroundings): Promise<CommandResult> {
  const { cwd, env, note, show, interrupted } = surroundings;
  const folder = stackFolder(cwd);
  const running = await bringUp({ ...options, folder, log: note, env, lateEverySeconds: LATE_EVERY_SECONDS });
  try {
    if (!options.json) show(`${renderUp(running, folder, cwd)}\n`);
    await untilAborted(interrupted);
    note('Stopping; the data stays in place');
  } finally {
    await running.stop();
  }
  return { exitCode: EXIT.done, text: 'Stopped.', json: { stopped: true, folder } };
}

function renderUp({ stack, worker, pipeline }: LocalStackWithExample, folder: string, cwd: string): string {
  const run = 'npm run --silent backfill --';
  const spec = relative(cwd, EXAMPLE_SPEC);
  return [
    '',
    'Up. It runs until Ctrl-C; in another terminal of this folder:',
    fields([
      ['look', `${run} plan ${spec}`],
      ['start', `${run} start ${spec} --requested-by you`],
      ['watch', `${run} status revenue-tax-fix-2026-06 --watch`],
      ['decide', `${run} report revenue-tax-fix-2026-06`],
    ]),
    '',
    fields([
      ['Temporal', `${stack.temporalAddress}${stack.temporalUi === null ? '' : `, UI ${stack.temporalUi}`}`],
      ['warehouse', redactUrl(stack.warehouseUrl)],
      ['addresses', `${folder}/stack.json (with passwords; only you may read it)`],
      [
        'logs',
        [
          ...(worker === null ? [] : [`${folder}/worker.log`]),
          ...(pipeline === null ? [] : [`${folder}/live-pipeline.log`]),
        ],
      ],
      ['worker', worker === null ? 'none: npm run worker' : null],
    ]),
  ].join('\n');
}
