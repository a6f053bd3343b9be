import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WORKFLOW_TYPE } from '../../src/protocol/identity.ts';
import { photograph } from '../support/catalogue.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

describe('what is refused', () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld();
    await world.startWorker();
  });
  afterAll(() => world.end());

  const failure = async (workflowId: string, args: unknown[]): Promise<string> => {
    const handle = await world.client.workflow.start(WORKFLOW_TYPE, { taskQueue: world.taskQueue, workflowId, args });
    return handle.result().then(
      () => 'it did not fail',
      (error: unknown) => (error as { cause?: { message?: string } }).cause?.message ?? String(error),
    );
  };

  it('a start without a spec, a spec with several faults, a foreign workflow id: all reasons, nothing written', async () => {
    const before = await photograph(world.admin);
    const runs = async (): Promise<number> =>
      (await world.admin.query('SELECT 1 FROM governance.backfill_runs')).rowCount ?? 0;
    expect(await failure(`backfill-empty-${randomBytes(3).toString('hex')}`, [])).toMatch(/not a mapping of fields/);
    const faults = await failure(`backfill-faults-${randomBytes(3).toString('hex')}`, [
      {
        spec: {
          backfill_id: 'faults',
          owner: 'finance-data',
          source_range: { start: '2026-02-30', end: '2024-01-01' },
          partitions: 3,
        },
      },
    ]);
    expect(faults.split('\n').length).toBeGreaterThan(3);
    expect(faults).toMatch(/2026-02-30/);
    expect(faults).toMatch(/partitions/);
    expect(await runs()).toBe(0);
    expect(await photograph(world.admin)).toEqual(before);
  });

  it('a second backfill of the table, the same id with another spec, wrong people, a stale digest, a message at the wrong time', async () => {
    const run = await world.start({ set: { 'rollback.window': '1h' } });
    const waiting = await run.reach('awaitingApproval');
    const digest = waiting.evidenceDigest ?? '';
    const before = await photograph(world.admin);

    const second = await world.start({ id: 'another-one', set: { 'rollback.snapshot': 'finance.another_snapshot' } });
    await expect(second.result()).rejects.toMatchObject({
      cause: {
        message: expect.stringMatching(
          /finance.daily_revenue has an active backfill already: .* finish, close or abort it first/,
        ) as string,
      },
    });

    await expect(world.start({ id: run.id, set: { 'rollback.window': '2h' } })).rejects.toThrow(/already/i);

    const refusals: Record<string, [Parameters<typeof run.update>[0], unknown]> = {
      'a stranger': ['approve', { by: 'somebody', digest }],
      'the requester in other letters': ['approve', { by: 'DORA', digest }],
      'a stale digest': ['approve', { by: 'finance-controller', digest: digest.replace(/./g, 'a') }],
      'no digest': ['approve', { by: 'finance-controller' }],
      'too early': ['rollback', { by: 'oncall', reason: 'x' }],
      'a sign-off before publication': ['signOff', { by: 'finance-data' }],
      'a retry of what is not held': ['retry', { by: 'dora' }],
    };
    const answers: Record<string, string> = {};
    for (const [what, [name, payload]] of Object.entries(refusals)) {
      const { ok, answer } = await run.update(name, payload);
      expect(ok).toBe(false);
      answers[what] = answer.replaceAll(digest, '<digest>');
    }
    expect(answers).toMatchInlineSnapshot(`
      {
        "a retry of what is not held": "retry: not possible in status awaitingApproval; it is heard in held",
        "a sign-off before publication": "signOff: not possible in status awaitingApproval; it is heard in awaitingSignOff",
        "a stale digest": "approve: the digest is not that of the present evidence (<digest>); read the report again",
        "a stranger": "approve: somebody is not an approver of this dataset (finance-controller, finance-director)",
        "no digest": "approve: give "by" and the "digest" of the evidence you read",
        "the requester in other letters": "approve: DORA is not an approver of this dataset (finance-controller, finance-director)",
        "too early": "rollback: not possible in status awaitingApproval; it is heard in observing, awaitingSignOff, and held in one of them or while switching back",
      }
    `);

    await run.signal('aprove', { by: 'finance-controller', digest });
    await run.signal('approve', { by: 'dora', digest });
    const after = await run.status();
    expect(after.status).toBe('awaitingApproval');
    expect(after.refusals.map((one) => one.message)).toEqual(['aprove', 'approve']);
    expect(after.approval).toBeNull();
    expect(await photograph(world.admin)).toEqual(before);
    await run.update('abort', { by: 'dora', reason: 'done' });
    expect(await run.result()).toMatchObject({ status: 'aborted' });

    const again = await world.start({ id: run.id });
    await expect(again.result()).rejects.toMatchObject({
      cause: {
        message: expect.stringMatching(/has ended \(aborted\); a backfill_id is used once, choose another/) as string,
      },
    });
  });

  it('a terminated run is taken up again by the same spec, without building anything twice; another spec is refused', async () => {
    const run = await world.start({ set: { 'rollback.window': '1h' } });
    await run.reach('awaitingApproval');
    await world.client.workflow.getHandle(run.workflowId).terminate('the machine room burnt down');

    const changed = await world.start({ id: run.id, set: { 'rollback.window': '2h' } });
    await expect(changed.result()).rejects.toMatchObject({
      cause: {
        message: expect.stringMatching(
          /is under way with another spec or other overrides; restore the spec and the --set it was started with/,
        ) as string,
      },
    });

    const again = await world.start({ id: run.id, set: { 'rollback.window': '1h' } });
    const waiting = await again.reach('awaitingApproval');
    expect(waiting.partitions).toEqual({ total: 547, done: 547, rebuilt: 0 });
    const { rows } = await world.admin.query(
      'SELECT max(builds) AS builds FROM governance.backfill_partitions WHERE backfill_id = $1',
      [run.id],
    );
    expect(rows).toEqual([{ builds: 1 }]);

    await again.approve();
    await again.reach('observing');
    await world.client.workflow.getHandle(run.workflowId).terminate('and again');
    const watched = await world.start({ id: run.id, set: { 'rollback.window': '1h' } });
    expect((await watched.reach('observing')).release).toMatchObject({ releaseId: 'FIN-2841', state: 'published' });
    expect(await watched.update('rollback', { by: 'oncall', reason: 'rehearsal' })).toMatchObject({ ok: true });
    await watched.reach('rolledBack');
    await watched.update('close', { by: 'oncall' });
    expect(await watched.result()).toMatchObject({ status: 'closed' });
  });
});
