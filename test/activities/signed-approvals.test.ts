import type { KeyObject } from 'node:crypto';
import { generateKeyPairSync, sign } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { approvalText } from '../../src/domain/signed-approval.ts';
import { failureOf } from '../support/sqlstate.ts';
import { SALES } from '../support/sales-scenario.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

const RUN = { backfillId: 'fix-tax' };
const LIMITS = { maxConcurrency: 2, dailyBytesBudget: null };
const controller = generateKeyPairSync('ed25519');
const director = generateKeyPairSync('ed25519');
const publicKey = (key: KeyObject): string => key.export({ format: 'der', type: 'spki' }).toString('base64');

const SIGNED = SALES.contract.replace(
  'approvers: [controller, director]\n',
  `approvers: [controller, director]
approval:
  identification: signed
  keys: { controller: "${publicKey(controller.publicKey)}", director: "${publicKey(director.publicKey)}" }
`,
);

describe('where the contract asks for signed approvals', () => {
  let world: SmallDataset;
  let digest: string;
  beforeEach(async () => {
    world = await createDataset({ contract: SIGNED });
    await world.plan();
    await world.preserve();
    await world.build();
    digest = (await world.conclude()).evidence.digest;
  });
  afterEach(() => world.end());

  const signature = (key: KeyObject, text: Partial<Parameters<typeof approvalText>[0]> = {}) =>
    sign(null, Buffer.from(approvalText({ ...RUN, digest, by: 'controller', ...text })), key).toString('base64');
  const record = (signed?: string, by = 'controller') =>
    world.activities.recordDecision({
      ...RUN,
      decision: {
        kind: 'approve',
        approval: {
          by,
          digest,
          comment: '',
          at: '2026-01-15T12:00:00.000Z',
          ...(signed === undefined ? { identified: 'claimed' } : { identified: 'signed', signature: signed }),
        },
      },
    });
  const publish = () => world.activities.publishRelease({ ...RUN, windowMs: 60_000, limits: LIMITS });

  it('one that its key made is recorded with how the approver is known, and publishes', async () => {
    expect(await record(signature(controller.privateKey))).toEqual({ kind: 'recorded' });
    expect(
      await world.query(
        `SELECT decided_by, identified, signature IS NOT NULL AS signed FROM governance.backfill_approvals`,
      ),
    ).toEqual([{ decided_by: 'controller', identified: 'signed', signed: true }]);
    expect(await publish()).toMatchObject({ kind: 'published' });
  });

  it('one of another key, person, run or evidence is refused, and nothing is recorded', async () => {
    const forged = [
      signature(director.privateKey),
      signature(controller.privateKey, { by: 'director' }),
      signature(controller.privateKey, { backfillId: 'fix-tax-2' }),
      signature(controller.privateKey, { digest: '0'.repeat(64) }),
    ];
    for (const one of forged)
      expect(await record(one)).toEqual({
        kind: 'refused',
        reason: `approve: the signature is not made by the key of controller over evidence ${digest.slice(0, 12)} of fix-tax`,
      });
    expect(await world.query('SELECT FROM governance.backfill_approvals')).toEqual([]);
  });

  it('a name alone is refused by the database, whatever sends it', async () => {
    expect(await record()).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('has to be signed, this one is claimed') as string,
    });
    const bare = `INSERT INTO governance.backfill_approvals (backfill_id, decision, decided_by, requested_by, evidence_digest, identified, signature) VALUES ('fix-tax', 'approve', 'controller', 'dora', $1, $2, $3)`;
    expect(await failureOf(world.as('backfill_worker', bare, [digest, 'claimed', null]))).toMatchObject({
      constraint: 'identified_enough',
    });
    expect(await failureOf(world.as('backfill_worker', bare, [digest, 'signed', null]))).toMatchObject({
      constraint: 'signed_has_its_signature',
    });
  });

  it('a row that somebody writes with a signature of nobody publishes nothing', async () => {
    await world.query(
      `INSERT INTO governance.backfill_approvals (backfill_id, decision, decided_by, requested_by, evidence_digest, identified, signature) VALUES ('fix-tax', 'approve', 'controller', 'dora', $1, 'signed', $2)`,
      [digest, signature(director.privateKey)],
    );
    expect(await publish()).toEqual({
      kind: 'approvalVoid',
      reason: `the signature is not made by the key of controller over evidence ${digest.slice(0, 12)} of fix-tax`,
    });
    expect(await world.query('SELECT FROM governance.data_releases')).toEqual([]);
  });
});
