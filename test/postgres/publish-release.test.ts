import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { publishRelease, rollbackStatement } from '../../src/ledger/releases.ts';
import * as elevated from '../../src/warehouse/postgres/statements/elevated.ts';
import { noticeLiveWrites } from '../../activities/notice-live-writes.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';
import { failureOf, sqlstate } from '../support/sqlstate.ts';

let world: SmallDataset;
let plan: BackfillPlan;
let armedView: string;

beforeAll(async () => {
  world = await createDataset();
  plan = await world.plan();
  await world.preserve();
  await world.build();
  await world.conclude();
  await world.approve();
  armedView = await world.arm();
});
afterAll(() => world.end());

interface Over {
  readonly expected?: string | null;
  readonly fence?: number;
  readonly armedView?: string;
}

const publication = (over: Over = {}) =>
  publishRelease({ plan, fence: 1_000, expected: null, windowMs: 60_000, armedView, ...over });
const publish = (over?: Over) =>
  world.session((session) => session.one<{ release: { releaseId: string } }>(publication(over)));

/** What a refusal must leave as it was. */
async function nothingMoved(): Promise<void> {
  expect(await world.query('SELECT backfill_id, release_id FROM governance.active_releases')).toEqual([
    { backfill_id: null, release_id: null },
  ]);
  expect(await world.query(`SELECT FROM governance.data_releases WHERE state = 'published'`)).toEqual([]);
}

describe('publication is refused, and nothing has moved,', () => {
  beforeEach(() => world.query('DELETE FROM governance.dirty_partitions'));

  it('while a live write is not rebuilt: 55006, try again after catching up', async () => {
    await world.as('revenue_pipeline', `UPDATE finance.sales_by_day SET net = net WHERE day = '2025-01-03'`);
    const refused = await failureOf(publish());
    expect(refused).toMatchObject({ code: '55006', message: 'not caught up: 5 marks of live writes are open' });
    await nothingMoved();
  });

  it('while a capture trigger is disabled, and after it was enabled again: 55006, capture is mended first', async () => {
    const [trigger] = await world.query<{ name: string }>(
      `SELECT tgname AS name FROM pg_trigger WHERE tgname LIKE 'backfill%d'`,
    );
    await world.query(`ALTER TABLE finance.sales_by_day DISABLE TRIGGER ${trigger?.name}`);
    const notWhole = { code: '55006', message: expect.stringContaining('is not whole') as string };
    expect(await failureOf(publish())).toMatchObject(notWhole);
    await world.query(`ALTER TABLE finance.sales_by_day ENABLE ALWAYS TRIGGER ${trigger?.name}`);
    expect(await failureOf(publish())).toMatchObject(notWhole);
    await nothingMoved();
    await world.session((session) => session.rows(elevated.attachCapture(plan)));
  });

  it('after capture was mended, until the base was compared: 55006', async () => {
    expect(await failureOf(publish())).toMatchObject({
      code: '55006',
      message: expect.stringContaining('the base is not compared yet') as string,
    });
    await nothingMoved();
    await world.session((session) => noticeLiveWrites(plan, session, 'some'));
    expect(await world.query('SELECT FROM governance.dirty_partitions')).toEqual([]);
  });

  it.each([
    { change: 'ADD COLUMN region text', undo: 'DROP COLUMN region' },
    { change: 'ALTER COLUMN gross DROP NOT NULL', undo: 'ALTER COLUMN gross SET NOT NULL' },
  ])('after the base table changed ($change): 55000', async ({ change, undo }) => {
    await world.query(`ALTER TABLE finance.sales_by_day ${change}`);
    expect(await failureOf(publish())).toMatchObject({
      code: '55000',
      message: 'the columns of finance.sales_by_day are not those of the plan',
    });
    await nothingMoved();
    await world.query(`ALTER TABLE finance.sales_by_day ${undo}`);
  });

  it('after somebody replaced the view: 55000', async () => {
    const [{ definition } = { definition: '' }] = await world.query<{ definition: string }>(
      `SELECT pg_get_viewdef('finance.sales_current') AS definition`,
    );
    await world.query(
      `CREATE OR REPLACE VIEW finance.sales_current AS SELECT * FROM (${definition.replace(/;\s*$/, '')}) v WHERE merchant < 1000`,
    );
    expect(await failureOf(publish())).toMatchObject({
      code: '55000',
      message: 'the definition, owner or grants of finance.sales_current changed since it was armed',
    });
    await nothingMoved();
    await world.query(`CREATE OR REPLACE VIEW finance.sales_current AS ${definition}`);
    expect(await world.arm()).toBe(armedView);
  });

  it('after somebody granted or took rights on the view: 55000', async () => {
    await world.query('GRANT SELECT ON finance.sales_current TO finance_export');
    expect(await sqlstate(publish())).toMatchObject({ code: '55000' });
    await nothingMoved();
    await world.query('REVOKE SELECT ON finance.sales_current FROM finance_export');
  });

  it('while the view is not armed, whatever fingerprint the caller names: 55000', async () => {
    await world.session((session) => session.rows(elevated.shapeView(plan, 'plain')));
    expect(await failureOf(publish({ armedView: plan.plainViewFingerprint }))).toMatchObject({
      code: '55000',
      message: 'finance.sales_current is not armed for fix-tax: a moved pointer would change nothing',
    });
    await nothingMoved();
    expect(await world.arm()).toBe(armedView);
  });

  it('when the pointer is not where the caller saw it: 40001', async () => {
    expect(await sqlstate(publish({ expected: 'FIN-0' }))).toMatchObject({ code: '40001' });
    await nothingMoved();
  });

  it('in any isolation but READ COMMITTED: 25001', async () => {
    const strict = world.session(async (session) => {
      await session.change({ text: 'BEGIN ISOLATION LEVEL REPEATABLE READ', values: [] });
      try {
        return await session.rows(publication());
      } finally {
        await session.change({ text: 'ROLLBACK', values: [] });
      }
    });
    expect(await sqlstate(strict)).toMatchObject({ code: '25001' });
    await nothingMoved();
  });

  it('while a writer holds the base: 55P03 after a tenth of a second, and readers never wait', async () => {
    const writer = new pg.Client({ connectionString: world.urls.revenue_pipeline });
    await writer.connect();
    try {
      await writer.query(`BEGIN; UPDATE finance.sales_by_day SET net = net WHERE day = '2025-01-20'`);
      const started = Date.now();
      expect(await sqlstate(publish())).toMatchObject({ code: '55P03' });
      expect(Date.now() - started).toBeLessThan(1_000);
      await nothingMoved();
    } finally {
      await writer.end();
    }
  });
});

describe('the fence', () => {
  it('stops writers and lets readers through until the transaction ends', async () => {
    const holder = await world.admin.connect();
    try {
      await holder.query(`BEGIN; SELECT governance.${plan.functionPrefix}_fence()`);
      const write = `SET lock_timeout = '200ms'; UPDATE finance.sales_by_day SET net = net WHERE day = '2025-01-20'`;
      expect(await sqlstate(world.as('revenue_pipeline', write))).toMatchObject({ code: '55P03' });
      const read = `SET statement_timeout = '5s'; SELECT count(*) FROM finance.sales_current`;
      await world.as('dashboard', read);
      await holder.query('COMMIT');
      await world.as('revenue_pipeline', write);
    } finally {
      holder.release();
    }
  });
});

describe('publication', () => {
  it('moves pointer, release and event together, and answers the same when it is called again', async () => {
    const first = await publish();
    expect(first.release.releaseId).toBe('FIN-1');
    expect(await publish({ expected: 'whatever' })).toEqual(first);
    expect(
      await world.query(
        'SELECT release_id, state, approved_by, amendments, source_range FROM governance.data_releases',
      ),
    ).toEqual([
      {
        release_id: 'FIN-1',
        state: 'published',
        approved_by: 'controller',
        amendments: 0,
        source_range: '[2025-01-01, 2025-01-15)',
      },
    ]);
    expect(
      await world.query(`SELECT count(*)::int AS n FROM governance.backfill_events WHERE kind = 'published'`),
    ).toEqual([{ n: 1 }]);
  });

  it('is not repeated by an older attempt after a rollback', async () => {
    await world.as('backfill_worker', rollbackStatement(plan, 'FIN-1'));
    expect(await failureOf(publish({ fence: 999 }))).toMatchObject({ code: '55000', hint: 'stale fence' });
    await nothingMoved();
  });

  it('is not repeated by a newer attempt after a rollback, whoever else approves the same evidence', async () => {
    const again = () => failureOf(publish({ fence: 1_001 }));
    const refusal = {
      code: '55000',
      hint: 'rolled back',
      message:
        'a release of this run under this approval was rolled back: FIN-1 by backfill_worker (by hand); another one needs new evidence and a new approval',
    };
    expect(await again()).toMatchObject(refusal);
    await world.approve('director');
    expect(await again()).toMatchObject(refusal);
    await nothingMoved();
  });

  it('gives every release its own number, whatever signs are in the name of the issue', async () => {
    await world.query(`UPDATE governance.backfill_runs SET issue = 'FIN_1'`);
    await world.conclude();
    await world.approve();
    expect((await publish({ fence: 1_001 })).release.releaseId).toBe('FIN_1');
    await world.as('backfill_worker', rollbackStatement(plan, 'FIN_1'));
    await world.conclude();
    await world.approve();
    expect((await publish({ fence: 1_002 })).release.releaseId).toBe('FIN_1.2');
  });
});

describe('retiring the overlay', () => {
  const retire = () => world.session((session) => session.rows(elevated.retireRelease(plan)));

  it('is refused before every party signed this release off, and so is moving a row into the base: 55000', async () => {
    expect(await failureOf(retire())).toMatchObject({
      code: '55000',
      message: 'consolidation of fix-tax has not begun',
    });
    const begin = () => world.session((session) => session.rows(elevated.beginConsolidation(plan)));
    expect(await failureOf(begin())).toMatchObject({
      code: '55000',
      message: 'release FIN_1.2 is not signed off by data, bi',
    });
    const move = () => world.session((session) => session.rows(elevated.consolidatePartition(plan, 1)));
    expect(await failureOf(move())).toMatchObject({ code: '55000' });
  });

  it('cannot be undone by the rollback statement once consolidation has begun', async () => {
    await world.signOff();
    await world.as('backfill_worker', rollbackStatement(plan, 'FIN_1.2'));
    expect(await world.query('SELECT backfill_id, consolidating FROM governance.active_releases')).toEqual([
      { backfill_id: 'fix-tax', consolidating: true },
    ]);
  });

  it('is refused while a partition is not consolidated or a mark is open: 55006', async () => {
    expect(await failureOf(retire())).toMatchObject({
      code: '55006',
      message: 'not consolidated: 0 marks, 14 partitions and 0 batches are open',
    });
    await world.query('UPDATE governance.backfill_partitions SET consolidated_at = now()');
    await world.as(
      'revenue_pipeline',
      `UPDATE finance.sales_by_day SET net = net WHERE day = '2025-01-03' AND merchant = 1`,
    );
    expect(await failureOf(retire())).toMatchObject({
      code: '55006',
      message: 'not consolidated: 1 marks, 0 partitions and 0 batches are open',
    });
    await world.query('DELETE FROM governance.dirty_partitions');
  });

  it('is refused when capture is not whole and base and overlay differ: 55000', async () => {
    await world.session((session) =>
      session.rows({ text: `SELECT governance.${plan.functionPrefix}_detach_capture('fix-tax')`, values: [] }),
    );
    expect(await failureOf(retire())).toMatchObject({
      code: '55000',
      message: 'capture is not whole and 42 rows of base and overlay differ',
    });
  });

  it('ends the release once the base holds what the overlay shows, and is done when asked again', async () => {
    await world.query(
      `UPDATE finance.sales_by_day b SET (gross, net, tax) = (s.gross, s.net, s.tax) FROM finance.sales_by_day_v2 s WHERE b.day = s.day AND b.merchant = s.merchant`,
    );
    expect(await retire()).toEqual([{ retired: true }]);
    expect(await retire()).toEqual([{ retired: true }]);
    await nothingMoved();
    expect(await world.query(`SELECT state FROM governance.data_releases WHERE release_id = 'FIN_1.2'`)).toEqual([
      { state: 'consolidated' },
    ]);
  });

  it('and leaves checkpoints that the worker cannot reset, though the run goes on until its retention ends', async () => {
    for (const reset of [`partitions SET consolidated_at = NULL`, `batches SET state = 'planned'`])
      expect(await sqlstate(world.as('backfill_worker', `UPDATE governance.backfill_${reset}`)), reset).toEqual({
        code: '23514',
        constraint: 'ended_stays_ended',
      });
  });
});
