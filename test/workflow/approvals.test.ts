import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { approvalText } from '../../src/domain/signed-approval.ts';
import { runMain } from '../cli/run-main.ts';
import { DIGEST } from './script.ts';
import type { Play, Stage } from './stage.ts';
import { createStage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage.end());

const approvalsRecorded = ({ calls }: Play) =>
  calls
    .filter(({ name }) => name === 'recordDecision')
    .map(({ input }) => (input['decision'] as { approval: { by: string; signature?: string } }).approval);

describe('a run that changes a closed period', () => {
  it('waits for everybody who has to approve, and publishes with the last of them', async () => {
    const play = await stage.start(() => ({}), { plan: { reopened: [{ name: 'FY2025', approver: 'auditor' }] } });
    await play.reach('awaitingApproval');
    expect(await play.update('approve', { by: 'finance-controller', digest: DIGEST })).toBe('approve is heard');
    const waiting = await play.until('the first approval', ({ approvals }) => approvals.length === 1);
    expect(waiting).toMatchObject({
      status: 'awaitingApproval',
      approval: { by: 'finance-controller' },
      waitingOn: { reason: `approval of evidence ${DIGEST.slice(0, 12)} by auditor (reopens FY2025)` },
    });
    expect(await play.update('approve', { by: 'Finance-Controller', digest: DIGEST })).toMatch(/^nothing to do/);
    expect(play.count('publishRelease')).toBe(0);
    await play.update('approve', { by: 'auditor', digest: DIGEST });
    expect(await play.reach('observing')).toMatchObject({
      approvals: [{ by: 'finance-controller' }, { by: 'auditor' }],
    });
  });
});

describe('backfill approve --key', () => {
  const folder = mkdtempSync(join(tmpdir(), 'backfill-keys-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const keyFile = (name: string, pem: string): string => {
    writeFileSync(join(folder, name), pem, { mode: 0o600 });
    return join(folder, name);
  };
  const approve = async ({ workflowId }: Play, key: string, env: Record<string, string> = {}) =>
    runMain(
      [
        'approve',
        workflowId.replace('backfill-', ''),
        '--by',
        'finance-controller',
        '--digest',
        DIGEST.slice(0, 12),
        '--key',
        key,
      ],
      { env: { TEMPORAL_ADDRESS: inject('temporalAddress'), ...env } },
    );

  it('signs all of the digest of which the first digits were read, with a key that may be locked', async () => {
    const play = await stage.start(() => ({}), { plan: { identification: 'signed' } });
    await play.reach('awaitingApproval');
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const locked = privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'open' });
    const file = keyFile('locked.pem', locked.toString());
    expect((await approve(play, file)).stderr).toContain('BACKFILL_KEY_PASSPHRASE unlocks it');
    expect(await approve(play, file, { BACKFILL_KEY_PASSPHRASE: 'open' })).toMatchObject({ exitCode: 0 });
    await play.reach('observing');
    const [approval] = approvalsRecorded(play);
    const text = approvalText({
      backfillId: play.workflowId.replace('backfill-', ''),
      digest: DIGEST,
      by: 'finance-controller',
    });
    const listed = publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
    const key = createPublicKey({ key: Buffer.from(listed, 'base64'), format: 'der', type: 'spki' });
    expect(approval).toMatchObject({ by: 'finance-controller', identified: 'signed', digest: DIGEST });
    expect(verify(null, Buffer.from(text), key, Buffer.from(approval?.signature ?? '', 'base64'))).toBe(true);
  });

  it('says that the signature is of no use where the worker finds that it is not', async () => {
    const reason = 'approve: the signature is not made by the key of finance-controller';
    const play = await stage.start(() => ({ recordDecision: async () => ({ kind: 'refused', reason }) }), {
      plan: { identification: 'signed' },
    });
    await play.reach('awaitingApproval');
    const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    expect(await approve(play, keyFile('strange.pem', pem))).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(reason) as string,
    });
  });

  it('refuses a key of another kind, a file that is none, and a digest that is not the present one', async () => {
    const play = await stage.start(() => ({}), { plan: { identification: 'signed' } });
    await play.reach('awaitingApproval');
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const other = keyFile('ec.pem', privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
    expect(await approve(play, other)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('is of kind ec') as string,
    });
    expect(await approve(play, join(folder, 'none.pem'))).toMatchObject({ exitCode: 2 });
    const good = keyFile(
      'good.pem',
      generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    );
    const stale = await runMain(
      [
        'approve',
        play.workflowId.replace('backfill-', ''),
        '--by',
        'finance-controller',
        '--digest',
        'ffffffffffff',
        '--key',
        good,
      ],
      { env: { TEMPORAL_ADDRESS: inject('temporalAddress') } },
    );
    expect(stale).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('read the report again') as string });
    expect(approvalsRecorded(play)).toEqual([]);
  });
});
