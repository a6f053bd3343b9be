import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SEARCH_ATTRIBUTES } from '../../src/protocol/search-attributes.ts';
import { ensureSearchAttributes } from '../../worker/search-attributes.ts';
import { temporalAddress } from '../support/temporal.ts';
import { waitFor } from '../support/wait-for.ts';
import type { Play, Stage } from './stage.ts';
import { createStage } from './stage.ts';

const NAMESPACE = 'default';
let stage: Stage;
let connection: NativeConnection;
beforeAll(async () => {
  stage = await createStage();
  connection = await NativeConnection.connect({ address: temporalAddress() });
});
afterAll(async () => {
  await stage.end();
  await connection.close();
});

const shown = async ({ handle }: Play): Promise<Record<string, unknown>> => {
  const { typedSearchAttributes } = await handle.describe();
  return Object.fromEntries(
    typedSearchAttributes
      .getAll()
      .filter(({ key }) => key.name.startsWith('Backfill'))
      .map(({ key, value }) => [key.name.replace('Backfill', ''), value]),
  );
};

describe('a worker that starts', () => {
  it('registers what is missing, and finds it there the next time and when another is quicker', async () => {
    const both = [ensureSearchAttributes(connection, NAMESPACE), ensureSearchAttributes(connection, NAMESPACE)];
    expect(await Promise.all(both)).toEqual([{ known: true }, { known: true }]);
    expect(await ensureSearchAttributes(connection, NAMESPACE)).toEqual({ known: true });
  });

  it('does without where it may not register them, and says how to have them', async () => {
    const found = await ensureSearchAttributes(serverThat({ has: {}, refuses: 7 }), 'finance');
    expect(found).toEqual({
      known: false,
      reason: expect.stringMatching(
        /^runs set no search attributes, because namespace finance does not have them: this worker may not register them\. To have them: temporal operator search-attribute create --namespace finance --name BackfillStatus --type Keyword .* --name BackfillRollbackDeadline --type Datetime/,
      ) as string,
    });
  });

  it('does without where one is of another type, and registers nothing', async () => {
    const found = await ensureSearchAttributes(serverThat({ has: { BackfillStatus: 1 } }), NAMESPACE);
    expect(found).toMatchObject({
      known: false,
      reason: expect.stringContaining('BackfillStatus is of another type than Keyword') as string,
    });
  });

  it('does not start where the server cannot be asked', async () => {
    await expect(ensureSearchAttributes(serverThat({ has: {}, refuses: 14 }), NAMESPACE)).rejects.toMatchObject({
      code: 14,
    });
  });

  it('stays within the places of a namespace', () => {
    const types = Object.values(SEARCH_ATTRIBUTES);
    expect(types.filter((type) => type === 'KEYWORD').length).toBeLessThanOrEqual(10);
    expect(types.filter((type) => type === 'INT').length).toBeLessThanOrEqual(3);
    expect(types.filter((type) => type === 'DATETIME').length).toBeLessThanOrEqual(3);
  });
});

describe('a run', () => {
  it('can be found by its status, what it waits for, and whose it is', async () => {
    await ensureSearchAttributes(connection, NAMESPACE);
    const play = await stage.start(undefined, { plan: { searchAttributes: true, owner: 'finance-data' } });
    const { evidenceDigest } = await play.reach('awaitingApproval');
    expect(await shown(play)).toEqual({
      Status: 'awaitingApproval',
      WaitingOn: 'approval',
      Dataset: 'finance.daily_revenue',
      Owner: 'finance-data',
      Issue: 'FIN-2841',
      Done: 12,
      Total: 12,
    });
    const query = `BackfillStatus = "awaitingApproval" AND BackfillDone >= 12 AND WorkflowId = "${play.workflowId}"`;
    await waitFor(async () => (await stage.client.workflow.count(query)).count === 1, {
      timeoutMs: 20_000,
      describe: `the server to list ${query}`,
    });
    await play.update('approve', { by: 'finance-controller', digest: evidenceDigest });
    const { rollbackDeadline } = await play.reach('observing');
    expect(await shown(play)).toMatchObject({
      Status: 'observing',
      WaitingOn: 'the rollback window',
      RollbackDeadline: new Date(rollbackDeadline ?? 0),
    });
    await play.update('rollback', { by: 'olaf', reason: 'the dashboard broke' });
    await play.reach('rolledBack');
    const after = await shown(play);
    expect(after).toMatchObject({ Status: 'rolledBack', WaitingOn: 'republish or close' });
    expect(after).not.toHaveProperty('RollbackDeadline');
  });

  it('sets none where the worker that planned it did not find them', async () => {
    const play = await stage.start();
    await play.reach('awaitingApproval');
    expect(await shown(play)).toEqual({});
  });
});

type Server = Parameters<typeof ensureSearchAttributes>[0];

function serverThat({ has, refuses }: { has: Record<string, number>; refuses?: number }): Server {
  const operatorService = {
    listSearchAttributes: () => Promise.resolve({ customAttributes: has }),
    addSearchAttributes: () =>
      Promise.reject(
        refuses === undefined
          ? new Error('nothing may be registered')
          : Object.assign(new Error('refused'), { code: refuses }),
      ),
  };
  return { operatorService, withDeadline: (_: unknown, ask: () => unknown) => ask() } as unknown as Server;
}
