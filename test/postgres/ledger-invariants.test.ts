import { createHash } from 'node:crypto';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { rollbackStatement } from '../../src/ledger/releases.ts';
import { sealEvents } from '../../src/ledger/events.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';
import { sqlstate } from '../support/sqlstate.ts';

let world: SmallDataset;
let plan: BackfillPlan;
let digest: string;

/** Planned, built and concluded: the next step is a person's. */
beforeAll(async () => {
  world = await createDataset();
  plan = await world.plan();
  await world.preserve();
  await world.build();
  digest = (await world.conclude()).evidence.digest;
});
afterAll(() => world.end());

const worker = <T extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<T[]> =>
  world.as<T>('backfill_worker', text, values);

const decide = (
  decision: string,
  by: string | null,
  over: { digest?: string; requestedBy?: string; subject?: string } = {},
) =>
  worker(
    `INSERT INTO governance.backfill_approvals (backfill_id, decision, decided_by, requested_by, evidence_digest, subject) VALUES ('fix-tax', $1, $2, $3, $4, $5)`,
    [decision, by, over.requestedBy ?? 'dora', over.digest ?? digest, over.subject ?? ''],
  );

/** Runs the attempt inside a transaction that is undone, so that what is allowed leaves nothing behind either. */
async function undone<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await world.deps.pool.connect();
  try {
    await client.query('BEGIN');
    return await work(client);
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

describe('a run', () => {
  it('is alone on its dataset while it is active', async () => {
    const second = worker(
      `INSERT INTO governance.backfill_runs (backfill_id, dataset, requested_by, workflow_id, status, spec_hash, plan_hash, plan, key_ranges, shadow_table, snapshot_table, code_version, issue, approvers, sign_off_parties)
       SELECT 'another', dataset, requested_by, workflow_id, status, spec_hash, plan_hash, plan, key_ranges, shadow_table, snapshot_table, code_version, issue, approvers, sign_off_parties
         FROM governance.backfill_runs WHERE backfill_id = 'fix-tax'`,
    );
    expect(await sqlstate(second)).toEqual({ code: '23505', constraint: 'one_active_run_a_dataset' });
  });

  it('keeps its plan, its approvers and its requester whatever the worker tries', async () => {
    for (const change of [`requested_by = 'x'`, `approvers = '{mallory}'`, `plan = '{}'`, `key_ranges = '[]'`])
      expect(await sqlstate(worker(`UPDATE governance.backfill_runs SET ${change}`)), change).toMatchObject({
        code: '42501',
      });
  });
});

describe('a decision', () => {
  it.each(['dora', 'DORA', ' Dora '])('to approve is refused to the requester, also written as "%s"', async (by) => {
    await world.query(`UPDATE governance.backfill_runs SET approvers = approvers || 'dora'::text`);
    try {
      expect(await sqlstate(decide('approve', by))).toEqual({ code: '23514', constraint: 'four_eyes' });
      expect(await sqlstate(decide('waive', by))).toEqual({ code: '23514', constraint: 'four_eyes' });
    } finally {
      await world.query(`UPDATE governance.backfill_runs SET approvers = array_remove(approvers, 'dora')`);
    }
  });

  it('cannot name another requester than the one of the run', async () => {
    expect(await sqlstate(decide('approve', 'controller', { requestedBy: 'somebody' }))).toMatchObject({
      code: '23503',
    });
  });

  it('always names who decided', async () => {
    expect(await sqlstate(decide('approve', null))).toMatchObject({
      code: expect.stringMatching(/^23502|23514$/) as string,
    });
    expect(await sqlstate(decide('reject', '  '))).toMatchObject({ code: '23514' });
  });

  it.each(['approve', 'reject', 'waive'])(
    'to %s is refused to somebody who is no listed approver',
    async (decision) => {
      expect(await sqlstate(decide(decision, 'mallory'))).toEqual({ code: '23514', constraint: 'listed_approver' });
    },
  );

  it('to sign off is refused to a stranger', async () => {
    expect(await sqlstate(decide('sign_off', 'controller'))).toEqual({ code: '23514', constraint: 'listed_party' });
  });

  it('to approve is refused for a digest that is not the newest', async () => {
    expect(await sqlstate(decide('approve', 'controller', { digest: 'an older one' }))).toEqual({
      code: '23514',
      constraint: 'digest_of_newest_evidence',
    });
  });

  it.each([
    { first: 'waive', second: 'approve' },
    { first: 'approve', second: 'waive' },
  ])('to $second is refused to who decided to $first', async ({ first, second }) => {
    const both = undone(async (client) => {
      const insert = `INSERT INTO governance.backfill_approvals (backfill_id, decision, decided_by, requested_by, evidence_digest) VALUES ('fix-tax', $1, $2, 'dora', $3)`;
      await client.query(insert, [first, 'controller', digest]);
      await client.query(insert, [second, ' Controller', digest]);
    });
    expect(await sqlstate(both)).toEqual({ code: '23514', constraint: 'waiver_is_not_approver' });
  });

  it('that is void stays void', async () => {
    const revived = undone(async (client) => {
      await client.query(
        `INSERT INTO governance.backfill_approvals (backfill_id, decision, decided_by, requested_by, evidence_digest) VALUES ('fix-tax', 'approve', 'controller', 'dora', $1)`,
        [digest],
      );
      await client.query(`UPDATE governance.backfill_approvals SET void_since = now(), void_because = 'a late write'`);
      await client.query('UPDATE governance.backfill_approvals SET void_since = NULL');
    });
    expect(await sqlstate(revived)).toMatchObject({ code: '23514' });
  });

  it('cannot be rewritten or taken back by the worker', async () => {
    expect(await sqlstate(worker(`UPDATE governance.backfill_approvals SET decided_by = 'director'`))).toMatchObject({
      code: '42501',
    });
    expect(await sqlstate(worker('DELETE FROM governance.backfill_approvals'))).toMatchObject({ code: '42501' });
  });
});

describe('a release', () => {
  it('cannot be inserted by the worker at all', async () => {
    const insert = `INSERT INTO governance.data_releases (release_id, dataset, backfill_id, source_range, code_version, approved_by, requested_by, approval_id, evidence_digest, plan_hash, epoch, fence, rollback_deadline)
                    VALUES ('FIN-1', $2, 'fix-tax', '', '', 'controller', 'dora', 1, $1, '', 1, 1, now())`;
    expect(await sqlstate(worker(insert, [digest, plan.dataset]))).toMatchObject({ code: '42501' });
  });

  it('needs an approval of the same evidence by the same person, whoever writes it', async () => {
    const insert = `INSERT INTO governance.data_releases (release_id, dataset, backfill_id, source_range, code_version, approved_by, requested_by, approval_id, evidence_digest, plan_hash, epoch, fence, rollback_deadline)
                    VALUES ('FIN-1', $2, 'fix-tax', '', '', 'controller', 'dora', 4711, $1, '', 1, 1, now())`;
    await world.query('ALTER TABLE governance.data_releases DISABLE TRIGGER only_by_publication');
    try {
      expect(await sqlstate(world.query(insert, [digest, plan.dataset]))).toMatchObject({ code: '23503' });
      expect(
        await sqlstate(world.query(insert.replace(`'controller', 'dora'`, `' DORA', 'dora'`), [digest, plan.dataset])),
      ).toEqual({
        code: '23514',
        constraint: 'approver_is_not_requester',
      });
    } finally {
      await world.query('ALTER TABLE governance.data_releases ENABLE TRIGGER only_by_publication');
    }
  });

  it('moves the pointer forward through publication only, and back by the printed statement', async () => {
    const pointer = `UPDATE governance.active_releases SET backfill_id = 'fix-tax', release_id = 'FIN-1'`;
    expect(await sqlstate(worker(pointer))).toMatchObject({ code: '42501' });
    expect(await sqlstate(world.query(pointer))).toMatchObject({ code: '42501' });

    await world.approve();
    expect(await world.publish()).toBe('FIN-1');
    await worker(rollbackStatement(plan, 'FIN-1', 'controller', 'a test'));
    expect(await world.query('SELECT backfill_id, release_id FROM governance.active_releases')).toEqual([
      { backfill_id: null, release_id: null },
    ]);
    expect(await world.query('SELECT state FROM governance.data_releases')).toEqual([{ state: 'rolled_back' }]);
    expect(await sqlstate(worker(pointer))).toMatchObject({ code: '42501' });
    expect(await sqlstate(worker(`UPDATE governance.data_releases SET state = 'published'`))).toMatchObject({
      code: '42501',
    });
  });

  it('is the only one of its evidence, whoever writes it and whoever approved that', async () => {
    await world.query('ALTER TABLE governance.data_releases DISABLE TRIGGER only_by_publication');
    try {
      const again = world.query(
        `INSERT INTO governance.data_releases (release_id, dataset, backfill_id, source_range, code_version, approved_by, requested_by, approval_id, evidence_digest, plan_hash, epoch, fence, rollback_deadline)
         SELECT 'FIN-1.9', dataset, backfill_id, source_range, code_version, approved_by, requested_by, approval_id, evidence_digest, plan_hash, 9, 9, now() FROM governance.data_releases`,
      );
      expect(await sqlstate(again)).toEqual({ code: '23505', constraint: 'evidence_is_published_once' });
    } finally {
      await world.query('ALTER TABLE governance.data_releases ENABLE TRIGGER only_by_publication');
    }
  });

  it('is the only live one of its dataset', async () => {
    await world.conclude();
    await world.approve();
    expect(await world.publish()).toBe('FIN-1.2');
    await world.query('ALTER TABLE governance.data_releases DISABLE TRIGGER only_by_publication');
    try {
      const revive = world.query(`UPDATE governance.data_releases SET state = 'published' WHERE release_id = 'FIN-1'`);
      expect(await sqlstate(revive)).toEqual({ code: '23505', constraint: 'one_live_release_a_dataset' });
    } finally {
      await world.query('ALTER TABLE governance.data_releases ENABLE TRIGGER only_by_publication');
    }
  });

  it('goes back also for somebody who works in the schema of the ledger', async () => {
    const statement = rollbackStatement(plan, 'FIN-1.2', 'on-call', 'wrong totals');
    const pasted = `SET search_path = governance, finance, public; ${statement}`;
    await worker(pasted);
    expect(await world.query('SELECT release_id FROM governance.active_releases')).toEqual([{ release_id: null }]);
  });

  it('is not touched by a rollback of a release that is not active', async () => {
    const before = await world.query('SELECT count(*) FROM governance.backfill_events');
    await worker(rollbackStatement(plan, 'FIN-1', 'on-call', 'twice'));
    expect(await world.query('SELECT count(*) FROM governance.backfill_events')).toEqual(before);
  });
});

describe('the record', () => {
  it.each(['backfill_events', 'backfill_evidence'])(
    'in %s cannot be updated or deleted by the worker',
    async (table) => {
      for (const statement of [
        `UPDATE governance.${table} SET backfill_id = 'x'`,
        `DELETE FROM governance.${table}`,
        `TRUNCATE governance.${table}`,
      ])
        expect(await sqlstate(worker(statement)), statement).toMatchObject({ code: '42501' });
    },
  );

  it('of events takes no number and no hash from the worker', async () => {
    const forged = worker(
      `INSERT INTO governance.backfill_events (backfill_id, kind, actor, sequence, hash) VALUES ('fix-tax', 'published', 'controller', 1000000, 'made up')`,
    );
    expect(await sqlstate(forged)).toMatchObject({ code: '42501' });
  });

  it('of events is a chain that the same words give again, whoever sealed it', async () => {
    await world.session((session) => session.rows(sealEvents()));
    await worker(
      `INSERT INTO governance.backfill_events (backfill_id, kind, actor) VALUES ('fix-tax', 'note', 'dora')`,
    );
    await worker(`SET datestyle = 'German, DMY'; SET timezone = 'Asia/Tokyo'; SELECT governance.seal_events()`);
    expect(await brokenLink()).toBeNull();
    await world.query(`UPDATE governance.backfill_events SET actor = 'nobody' WHERE sequence = 3`);
    expect(await brokenLink()).toBe(3);
    await world.query(`UPDATE governance.backfill_events SET actor = 'workflow' WHERE sequence = 3`);
  });
});

describe('the live pipeline', () => {
  it('has no right on the ledger, and its late write is marked all the same', async () => {
    const pipeline = (text: string) => world.as('revenue_pipeline', text);
    for (const statement of [
      'SELECT FROM governance.dirty_partitions',
      `INSERT INTO governance.dirty_partitions (backfill_id) VALUES ('x')`,
    ])
      expect(await sqlstate(pipeline(statement)), statement).toMatchObject({ code: '42501' });
    await world.query('DELETE FROM governance.dirty_partitions');
    await pipeline(`UPDATE finance.sales_by_day SET net = net + 1 WHERE day = '2025-01-05' AND merchant = 1`);
    expect(await world.query('SELECT backfill_id, key FROM governance.dirty_partitions')).toEqual([
      { backfill_id: 'fix-tax', key: '2025-01-05' },
    ]);
  });
});

/** Sequence of the first event whose hash is not that of its words and of its predecessor. */
async function brokenLink(): Promise<number | null> {
  const events = await world.query<
    Record<'sequence' | 'event_id' | 'backfill_id' | 'at' | 'kind' | 'actor' | 'detail' | 'hash', string>
  >(
    `SELECT sequence, event_id, backfill_id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') AS at, kind, actor, detail::text AS detail, hash
       FROM governance.backfill_events WHERE sequence IS NOT NULL ORDER BY sequence`,
  );
  let last = '';
  for (const [index, event] of events.entries()) {
    // As the server prints a timestamptz in UTC: no zeros at the end of a fraction.
    const at = `${event.at.replace(/\.?0+$/, '')}+00`;
    const words = [
      last,
      event.sequence,
      event.event_id,
      event.backfill_id,
      at,
      event.kind,
      event.actor,
      event.detail,
    ].join('\n');
    const hash = createHash('sha256').update(words).digest('hex');
    if (hash !== event.hash || Number(event.sequence) !== index + 1) return Number(event.sequence);
    last = event.hash;
  }
  return null;
}
