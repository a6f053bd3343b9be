import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTRACTS, createWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { temporalAddress } from '../support/temporal.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import type { MainRun } from './run-main.ts';
import { runMain } from './run-main.ts';

const EXAMPLE = readFileSync('examples/daily-revenue/backfill.yaml', 'utf8');

let world: World;
beforeAll(async () => {
  world = await createWorld();
  await world.startWorker();
});
afterAll(() => world.end());

/** The command line as a person of this installation has it, with the example's spec under an id of its own. */
function person(backfillId: string) {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, 'spec.yaml'), EXAMPLE.replace('revenue-tax-fix-2026-06', backfillId));
  const env = {
    TEMPORAL_ADDRESS: temporalAddress(),
    BACKFILL_TASK_QUEUE_PREFIX: world.taskQueue.replace(/-backfill$/, ''),
    BACKFILL_WAREHOUSE_URL: world.urls['backfill_worker'],
    BACKFILL_CONTRACTS: CONTRACTS,
    BACKFILL_ALLOW_DIRTY_CONTRACTS: '1',
    BACKFILL_REPORTS: join(cwd, 'reports'),
    ADMIN_URL: world.adminUrl,
  };
  return { cwd, run: (...argv: string[]): Promise<MainRun> => runMain(argv, { env, cwd, now: () => new Date() }) };
}

function documentOf({ stdout }: MainRun): Record<string, unknown> {
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe('the example through the command line', () => {
  it('plans without leaving anything behind', async () => {
    const { run } = person('cli-plan');
    const planned = await run('plan', 'spec.yaml', '--json');
    expect(planned).toMatchObject({ exitCode: 0, stderr: '' });
    const { plan, estimate } = documentOf(planned) as { plan: { partitions: number }; estimate: { batches: number } };
    expect({ partitions: plan.partitions, batches: estimate.batches }).toEqual({ partitions: 547, batches: 79 });
    const text = (await run('plan', 'spec.yaml')).stdout;
    for (const said of ['finance.daily_revenue_pre_fin_2841 (new)', 'not priced', 'rollback.window = 7d'])
      expect(text).toContain(said);
    const left = await world.admin.query(`select to_regclass('finance.daily_revenue_v2') as shadow`);
    expect(left.rows).toEqual([{ shadow: null }]);
    expect(documentOf(await run('doctor', '--json'))).toEqual({ findings: [] });
  });

  it('gives every reason where a plan is refused, before and after a start', async () => {
    const { run } = person('cli-refused');
    const set = ['--set', 'rollback.snapshot=staging.merchants'];
    const reason = 'staging.merchants (rollback.snapshot) exists already and is not of this backfill';
    const planned = await run('plan', 'spec.yaml', ...set);
    expect(planned.exitCode).toBe(2);
    expect(planned.stderr).toContain('The plan for cli-refused is refused; nothing was written.');
    expect(planned.stderr).toContain(reason);
    const started = await run('start', 'spec.yaml', ...set, '--requested-by', 'maria');
    expect(started.exitCode).toBe(1);
    expect(started.stdout).not.toMatch(/watch|pause|give up/);
    expect(started.stdout).toContain(reason);
    const failed = await run('status', 'cli-refused', '--json');
    expect({ exitCode: failed.exitCode, status: documentOf(failed)['status'] }).toEqual({
      exitCode: 1,
      status: 'failed',
    });
  });

  it('runs to the approval, refuses who may not decide, reports, and is removed after its workflow was terminated', async () => {
    const { cwd, run } = person('cli-run');
    const waited = await run('start', 'spec.yaml', '--requested-by', 'finance-director', '--wait', '--json');
    expect(waited).toMatchObject({ exitCode: 3, stderr: '' });
    const { status, evidenceDigest } = documentOf(waited);
    expect(status).toBe('awaitingApproval');

    const changed = await run('start', 'spec.yaml', '--set', 'rollback.window=2h');
    expect(changed.exitCode).toBe(2);
    expect(changed.stderr).toMatch(
      /^cli-run is already running with another spec or other overrides \(--set; sha256 of both together \w{12}, this one is \w{12}\); nothing was started or changed\./,
    );
    const again = await run('start', 'spec.yaml');
    expect(again.stderr).toMatch(/^cli-run is already running \(workflow backfill-cli-run\); nothing was started\./);

    const own = await run('approve', 'cli-run', '--by', 'finance-director', '--digest', String(evidenceDigest));
    expect(own.exitCode).toBe(2);
    expect(own.stderr).toContain(
      'refused: approve: finance-director requested this backfill; somebody else must approve it',
    );
    const detached = await run('detach', 'cli-run', '--json');
    expect(documentOf(detached)).toEqual({
      backfillId: 'cli-run',
      dataset: 'finance.daily_revenue',
      triggersDropped: 4,
    });
    expect((await run('doctor')).stdout).toContain('cli-run: its capture on finance.daily_revenue is off');
    expect((await run('detach', 'cli-run')).stdout).toContain('no capture of cli-run is on finance.daily_revenue');
    expect((await run('detach', 'stranger')).stderr).toBe('no backfill "stranger"; there are: cli-run\n');
    const limits = await run('set-limits', 'cli-run', '--max-concurrency', '1', '--json');
    expect(documentOf(limits)).toMatchObject({ kind: 'accepted', message: 'setLimits' });

    const reported = await run('report', 'cli-run');
    expect(reported.stdout).toMatch(/^digest verified: [0-9a-f]{64} \(\d+ pieces of evidence digested anew\)$/m);
    expect(reported.stdout).toContain(`backfill approve cli-run --by <you> --digest ${String(evidenceDigest)}`);
    expect(existsSync(join(cwd, 'reports', 'cli-run.html'))).toBe(true);
    expect((await run('report', 'cli-run', '--out', 'own.html')).exitCode).toBe(0);
    expect(readFileSync(join(cwd, 'own.html'), 'utf8')).toContain('<!doctype html>');
    expect((await run('report', 'stranger')).stderr).toBe('no backfill "stranger"; there are: cli-run\n');

    const busy = await run('doctor', '--remove', 'cli-run');
    expect(busy.exitCode).toBe(2);
    expect(busy.stderr).toContain('the workflow of cli-run is running');
    await world.client.workflow.getHandle('backfill-cli-run').terminate('a test');
    const orphaned = await run('status', 'cli-run');
    expect(orphaned.exitCode).toBe(3);
    expect(orphaned.stdout).toContain('its workflow has ended (terminated) before the run did; see backfill doctor');
    const other = await run('start', 'spec.yaml', '--set', 'rollback.window=2h');
    expect(other.exitCode).toBe(1);
    const held = documentOf(await run('status', 'cli-run', '--json'));
    expect(held).toMatchObject({ status: 'awaitingApproval', evidenceDigest, partitions: { total: 547, done: 547 } });
    expect(held['waitingOn']).toMatchObject({
      reason: expect.stringMatching(/^the spec it was started with: its newest start was refused \(/) as string,
    });
    const found = await run('doctor');
    expect(found.exitCode).toBe(3);
    expect(found.stdout).toContain('backfill doctor --remove cli-run');
    const removed = await run('doctor', '--remove', 'cli-run', '--json');
    expect(documentOf(removed)).toMatchObject({ backfillId: 'cli-run', status: 'aborted' });
    expect(await run('doctor', '--json')).toMatchObject({ exitCode: 0 });
    expect((await run('status', 'cli-run')).exitCode).toBe(1);
    expect((await run('list')).stdout).toMatch(/^cli-run +finance\.daily_revenue +aborted +failed +finance-director/m);
    expect((await run('plan', 'spec.yaml')).stderr).toContain(
      'cli-run has ended (aborted); a backfill_id is used once',
    );
  });

  it('finds a missing grant, and install mends it', async () => {
    const { run } = person('cli-grants');
    await world.admin.query('revoke insert on governance.backfill_events from backfill_worker');
    const found = await run('doctor');
    expect(found.exitCode).toBe(3);
    expect(found.stdout).toContain("the worker's role has no INSERT on governance.backfill_events");
    const command = ['install', '--dataset', 'finance.daily_revenue', '--admin-url', 'env:ADMIN_URL'];
    const script = await run(...command, '--print');
    expect(script.stdout).toContain('CREATE OR REPLACE FUNCTION governance.');
    expect((await run('doctor')).exitCode).toBe(3);
    expect(await run(...command)).toMatchObject({ exitCode: 0, stderr: '' });
    expect((await run('doctor')).exitCode).toBe(0);
  });
});
