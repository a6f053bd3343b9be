import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connect } from '../../src/client/connect.ts';
import { loadSettings } from '../../src/cli/settings.ts';
import { workflowIdOf } from '../../src/protocol/identity.ts';
import { temporalAddress } from '../support/temporal.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
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
  onTestFinished(async () => {
    const { client, close } = await connect(loadSettings({ env, cwd }).config).then((one) => ({
      client: one.client,
      close: () => one.close(),
    }));
    await client.workflow.getHandle(workflowIdOf(backfillId)).terminate('the test is over');
    await close();
  });
  return { backfillId, run: (...argv: string[]) => runMain(argv, { env, cwd }) };
}

describe('with no worker', () => {
  it('starts, keeps messages, and shows what is known', async () => {
    const { backfillId, run } = startedAlone();
    const started = await run('start', 'spec.yaml', '--requested-by', 'maria');
    expect(started).toMatchObject({ exitCode: 0, stderr: '' });
    expect(started.stdout).toContain(`http://127.0.0.1:8233/namespaces/default/workflows/backfill-${backfillId}/`);
    expect(started.stdout).toContain('/user-metadata');
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
    expect(JSON.parse(status.stdout)).toMatchObject({ backfillId, status: 'planning', planHash: null });
    expect(paused.exitCode).toBe(0);
    expect(paused.stdout).toContain('no worker answered; abort is recorded and will be heard when a worker runs');
  });

  it('names the backfills that exist where the id is unknown', async () => {
    const env = { TEMPORAL_ADDRESS: temporalAddress() };
    const { exitCode, stderr } = await runMain(['resume', 'nobody-knows-me'], { env, cwd: temporaryFolder() });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^no backfill "nobody-knows-me"; there (is none yet|are: )/);
  });
});
