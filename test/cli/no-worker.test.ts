import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connect } from '../../src/client/connect.ts';
import { loadSettings } from '../../src/cli/settings.ts';
import { WORKFLOW_TYPE, workflowIdOf } from '../../src/protocol/identity.ts';
import { temporalAddress } from '../support/temporal.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';
import { runMain } from './run-main.ts';

/** A spec of its own, on a task queue that nobody polls; the workflow goes with the test. */
function startedAlone() {
  const backfillId = `alone-${randomBytes(4).toString('hex')}`;
  const cwd = temporaryFolder();
  const text = readFileSync('examples/daily-revenue/backfill.yaml', 'utf8');
  writeFileSync(join(cwd, 'spec.yaml'), text.replace('revenue-tax-fix-2026-06', backfillId));
  const env = {
    TEMPORAL_ADDRESS: temporalAddress(),
    BACKFILL_TEMPORAL_UI: 'http://127.0.0.1:8233',
    BACKFILL_TASK_QUEUE_PREFIX: backfillId,
  };
  const withClient = async <T>(use: (client: Client) => Promise<T>): Promise<T> => {
    const connected = await connect(loadSettings({ env, cwd }).config);
    try {
      return await use(connected.client);
    } finally {
      await connected.close();
    }
  };
  onTestFinished(async () => {
    await withClient((client) => client.workflow.getHandle(workflowIdOf(backfillId)).terminate('the test is over'));
  });
  return { backfillId, run: (...argv: string[]) => runMain(argv, { env, cwd }), withClient };
}

describe('with no worker', () => {
  it('starts, keeps messages, and shows what is known', async () => {
    const { backfillId, run } = startedAlone();
    const started = await run('start', 'spec.yaml', '--requested-by', 'maria');
    expect(started).toMatchObject({ exitCode: 0, stderr: '' });
    expect(started.stdout).toContain(`http://127.0.0.1:8233/namespaces/default/workflows/backfill-${backfillId}/`);
    expect(started.stdout).toContain('/user-metadata');
    expect(started.stdout).not.toContain('give up');
    expect(started.stdout).toContain(`${backfillId} is started; no worker answered: npm run worker`);

    const [again, status, paused] = await Promise.all([
      run('start', 'spec.yaml', '--json'),
      run('status', backfillId, '--json'),
      run('abort', backfillId, '--reason', 'a test'),
    ]);
    expect(again.exitCode).toBe(2);
    expect(again.stdout).toContain(
      `${backfillId} is already running (workflow backfill-${backfillId}); nothing was started`,
    );
    expect(status.exitCode).toBe(0);
    expect(JSON.parse(status.stdout)).toMatchObject({
      backfillId,
      status: 'planning',
      planHash: null,
      waitingOn: { reason: `a worker: none answers on task queue ${backfillId}-backfill` },
    });
    expect(paused.exitCode).toBe(0);
    expect(paused.stdout).toContain('no worker answered; abort is recorded and will be heard when a worker runs');
  });

  it('lists no workflow whose id is not that of a backfill', async () => {
    const { backfillId, run, withClient } = startedAlone();
    const stray = `stray-${backfillId}`;
    await withClient((client) =>
      client.workflow.start(WORKFLOW_TYPE, { workflowId: stray, taskQueue: stray, args: [{ spec: '' }] }),
    );
    onTestFinished(async () => {
      await withClient((client) => client.workflow.getHandle(stray).terminate('the test is over'));
    });
    await run('start', 'spec.yaml', '--json');
    const listed = (): Promise<string[]> =>
      withClient(async (client) => {
        const ids: string[] = [];
        for await (const { workflowId } of client.workflow.list()) ids.push(workflowId);
        return ids;
      });
    const areListed = async (): Promise<boolean> => {
      const ids = await listed();
      return [stray, workflowIdOf(backfillId)].every((id) => ids.includes(id));
    };
    await waitFor(areListed, { timeoutMs: 60_000, everyMs: 300, describe: 'the server to list both workflows' });
    const { stdout } = await run('list');
    expect(stdout).toContain(backfillId);
    expect(stdout).not.toContain(stray);
  });

  it('names the backfills that exist where the id is unknown', async () => {
    const env = { TEMPORAL_ADDRESS: temporalAddress() };
    const { exitCode, stderr } = await runMain(['resume', 'nobody-knows-me'], { env, cwd: temporaryFolder() });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^no backfill "nobody-knows-me"; there (is none yet|are: )/);
  });
});
