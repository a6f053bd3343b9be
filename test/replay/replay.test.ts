import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DeterminismViolationError } from '@temporalio/workflow';
import { Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { BUNDLE } from '../support/world.ts';
import { quietRuntime } from '../workflow/quiet-runtime.ts';
import { createStage } from '../workflow/stage.ts';
import { HISTORIES, recordHistories } from './record-histories.ts';

interface Recorded {
  readonly events: { readonly activityTaskScheduledEventAttributes?: { activityType: { name: string } } }[];
}

describe('the histories of earlier runs', () => {
  let files: string[] = [];
  beforeAll(async () => {
    quietRuntime();
    if (process.env['RECORD_HISTORIES'] === '1') {
      const stage = await createStage();
      await recordHistories(stage).finally(() => stage.end());
    }
    files = readdirSync(HISTORIES).filter((file) => file.endsWith('.json'));
  });

  it('are kept: a whole life with a rollback, a hold, a replan, and a chain of runs', () => {
    const names = new Set(files.map((file) => file.replace(/(\.\d+)?\.json$/, '')));
    expect([...names].sort()).toEqual(['hold-waive-abort', 'long-run', 'main-job', 'replan']);
    expect(files.filter((file) => file.startsWith('long-run.')).length).toBeGreaterThan(1);
    for (const file of files) expect(statSync(join(HISTORIES, file)).size, file).toBeLessThan(500_000);
  });

  it('replay with the workflow as it is now', async () => {
    const histories = files.map((file) => ({ workflowId: file, history: read(file) }));
    const failed: string[] = [];
    for await (const { workflowId, error } of Worker.runReplayHistories(
      { workflowBundle: { codePath: BUNDLE } },
      histories,
    ))
      if (error !== undefined) failed.push(`${workflowId}: ${error.message}`);
    expect(failed).toEqual([]);
  });

  it('do not replay when one command in them is another', async () => {
    for (const file of files) {
      const history = read(file);
      const scheduled = history.events.flatMap(
        ({ activityTaskScheduledEventAttributes: attributes }) => attributes ?? [],
      );
      const some = scheduled[Math.floor(scheduled.length / 2)];
      if (some === undefined) throw new Error(`${file} holds no activity`);
      some.activityType.name = `not-${some.activityType.name}`;
      const replay = Worker.runReplayHistory({ workflowBundle: { codePath: BUNDLE } }, history, file);
      await expect(replay, file).rejects.toThrow(DeterminismViolationError);
    }
  });
});

function read(file: string): Recorded {
  return JSON.parse(readFileSync(join(HISTORIES, file), 'utf8')) as Recorded;
}
