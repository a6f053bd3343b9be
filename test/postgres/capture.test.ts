import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { expandMarks } from '../../src/ledger/dirty-marks.ts';
import {
  attachCapture,
  captureIsWhole,
  detachCapture,
  proveCapture,
} from '../../src/warehouse/postgres/statements/elevated.ts';
import { PARTITIONED_SALES } from '../support/partitioned-sales.ts';
import { SALES_ROWS, SPEC } from '../support/sales-scenario.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';
import { sqlstate } from '../support/sqlstate.ts';

/** The second week of January is left out. */
const WITH_GAP = SPEC.replace(
  'end: 2025-01-14 }',
  'end: 2025-01-14, exclude: [{ start: 2025-01-06, end: 2025-01-08 }] }',
);

describe.each([
  { kind: 'an ordinary table', leaves: 1, scenario: { spec: WITH_GAP } },
  { kind: 'a partitioned table', leaves: 4, scenario: { spec: WITH_GAP, tables: PARTITIONED_SALES } },
])('late-write capture on $kind', ({ leaves, scenario }) => {
  let world: SmallDataset;
  let plan: BackfillPlan;
  beforeAll(async () => {
    world = await createDataset(scenario);
    plan = await world.plan();
    await world.activities.installCapture({ backfillId: plan.backfillId });
  });
  afterAll(() => world.end());
  beforeEach(() => world.query('DELETE FROM governance.dirty_partitions'));

  const write = (text: string) => world.as('revenue_pipeline', text);
  const marks = async (): Promise<(string | null)[]> =>
    (await world.query<{ key: string | null }>('SELECT DISTINCT key FROM governance.dirty_partitions ORDER BY 1')).map(
      (row) => row.key,
    );

  it('puts four triggers on every leaf, that fire always', async () => {
    const found = await world.query(
      `SELECT count(*)::int AS triggers, count(DISTINCT tgrelid)::int AS leaves, bool_and(tgenabled = 'A') AS always FROM pg_trigger WHERE tgname LIKE 'backfill%'`,
    );
    expect(found).toEqual([{ triggers: 4 * leaves, leaves, always: true }]);
  });

  it('marks inserts, updates, deletes and upserts by their day', async () => {
    await write(`INSERT INTO finance.sales_by_day (day, merchant, gross, net, tax) VALUES ('2025-01-02', 90, 1, 1, 0)`);
    await write(`UPDATE finance.sales_by_day SET net = net WHERE day = '2025-01-03' AND merchant = 2`);
    await write(`DELETE FROM finance.sales_by_day WHERE day = '2025-01-04' AND merchant = 3`);
    await write(
      `INSERT INTO finance.sales_by_day (day, merchant, gross, net, tax) VALUES ('2025-01-09', 1, 1, 1, 0) ON CONFLICT (day, merchant) DO UPDATE SET net = excluded.net`,
    );
    expect(await marks()).toEqual(['2025-01-02', '2025-01-03', '2025-01-04', '2025-01-09']);
  });

  it('marks nothing for today, for the excluded week and for rows that a statement does not touch', async () => {
    await write(`INSERT INTO finance.sales_by_day (day, merchant, gross, net, tax) VALUES ('2025-01-20', 1, 1, 1, 0)`);
    await write(`UPDATE finance.sales_by_day SET net = net + 1 WHERE day >= '2025-01-15'`);
    await write(`UPDATE finance.sales_by_day SET net = net + 1 WHERE day BETWEEN '2025-01-06' AND '2025-01-08'`);
    await write(`UPDATE finance.sales_by_day SET net = net + 1 WHERE day = '2025-01-03' AND merchant = 4711`);
    expect(await marks()).toEqual([]);
  });

  it('marks both sides of a row whose day changes, and only the side inside the interval has to be rebuilt', async () => {
    await write(
      `UPDATE finance.sales_by_day SET day = '2025-01-12', merchant = 77 WHERE day = '2025-01-05' AND merchant = 1`,
    );
    expect(await marks()).toEqual(['2025-01-05', '2025-01-12']);
    await write(`UPDATE finance.sales_by_day SET day = '2025-02-01' WHERE day = '2025-01-14' AND merchant = 1`);
    await write(
      `UPDATE finance.sales_by_day SET day = '2025-01-13', merchant = 78 WHERE day = '2025-01-07' AND merchant = 1`,
    );
    await world.session((session) => session.change(expandMarks(plan)));
    expect(await marks()).toEqual(['2025-01-05', '2025-01-12', '2025-01-13', '2025-01-14']);
  });

  it('is not bypassed by session_replication_role', async () => {
    await world.query(
      `SET session_replication_role = replica; UPDATE finance.sales_by_day SET net = net WHERE day = '2025-01-10'; RESET session_replication_role`,
    );
    expect(await marks()).toEqual(['2025-01-10']);
  });

  it('marks what is copied in, and both sides of a row that moves to another leaf', async () => {
    await world.query(
      `COPY finance.sales_by_day (day, merchant, gross, net, tax) FROM PROGRAM 'printf "2025-01-02,91,1,1,0\\n2025-01-20,91,1,1,0\\n"' (FORMAT csv)`,
    );
    expect(await marks()).toEqual(['2025-01-02']);
    await write(`UPDATE finance.sales_by_day SET merchant = 93 WHERE day = '2025-01-09' AND merchant = 2`);
    expect(await marks()).toEqual(['2025-01-02', '2025-01-09']);
    await world.query(`DELETE FROM finance.sales_by_day WHERE merchant > 90`);
  });

  it('marks every statement of a transaction but those that were rolled back to a savepoint', async () => {
    const day = (n: number) => `UPDATE finance.sales_by_day SET net = net WHERE day = '2025-01-0${n}' AND merchant = 4`;
    await write(`BEGIN; SAVEPOINT a; ${day(1)}; ROLLBACK TO a; ${day(2)}; SAVEPOINT b; ${day(3)}; ROLLBACK TO b;
      ${day(4)}; RELEASE b; SAVEPOINT c; ${day(5)}; RELEASE c; COMMIT`);
    expect(await marks()).toEqual(['2025-01-02', '2025-01-04', '2025-01-05']);
  });

  it('leaves no mark of a write that is rolled back', async () => {
    await write(`BEGIN; UPDATE finance.sales_by_day SET net = net WHERE day = '2025-01-10'; ROLLBACK`);
    expect(await marks()).toEqual([]);
  });

  it('proves itself with a canary row that leaves no trace, and says when there is no row to try', async () => {
    const before = await world.query('SELECT * FROM finance.sales_by_day ORDER BY day, merchant');
    expect(await world.session((session) => session.one(proveCapture(plan)))).toEqual({ seen: true });
    expect(await marks()).toEqual([]);
    expect(await world.query('SELECT * FROM finance.sales_by_day ORDER BY day, merchant')).toEqual(before);
    await world.query(`UPDATE finance.sales_by_day SET day = day + 1000 WHERE day < '2025-01-15'`);
    expect(await world.session((session) => session.one(proveCapture(plan)))).toEqual({ seen: null });
    await world.query(`UPDATE finance.sales_by_day SET day = day - 1000 WHERE day > '2027-01-01'`);
  });

  it('looks for a canary row in every range of the interval', async () => {
    await world.query(`UPDATE finance.sales_by_day SET day = day + 1000 WHERE day < '2025-01-06'`);
    expect(await world.session((session) => session.one(proveCapture(plan)))).toEqual({ seen: true });
    await world.query(`UPDATE finance.sales_by_day SET day = day - 1000 WHERE day > '2027-01-01'`);
  });

  it('is found broken as soon as one trigger is disabled, and proves it', async () => {
    const [victim] = await world.query<{ leaf: string; name: string }>(
      `SELECT tgrelid::regclass::text AS leaf, tgname AS name FROM pg_trigger WHERE tgname LIKE 'backfill%u' AND tgrelid::regclass::text ~ 'sales_(by_day|a)$'`,
    );
    const whole = () => world.session((session) => session.one(captureIsWhole(plan)));
    expect(await whole()).toEqual({ whole: true });
    await world.query(`ALTER TABLE ${victim?.leaf} DISABLE TRIGGER ${victim?.name}`);
    expect(await whole()).toEqual({ whole: false });
    expect(await world.session((session) => session.one(proveCapture(plan)))).toEqual({ seen: false });
    await world.query(`ALTER TABLE ${victim?.leaf} ENABLE TRIGGER ${victim?.name}`);
    // Enabled as usual is not enough: such a trigger sleeps in a session that replicates.
    expect(await whole()).toEqual({ whole: false });
    await world.session((session) => session.rows(attachCapture(plan)));
    expect(await whole()).toEqual({ whole: true });
  });

  it('marks everything when a leaf is truncated', async () => {
    await write(leaves === 1 ? 'TRUNCATE finance.sales_by_day' : 'TRUNCATE finance.sales_b1');
    expect(await marks()).toEqual([null]);
    await world.query('TRUNCATE finance.sales_by_day');
    await world.query(SALES_ROWS);
  });

  it('can be attached twice and is gone without a rest when it is detached', async () => {
    await world.session((session) => session.rows(attachCapture(plan)));
    const triggers = async () => (await world.query(`SELECT FROM pg_trigger WHERE tgname LIKE 'backfill%'`)).length;
    expect(await triggers()).toBe(4 * leaves);
    expect(await world.session((session) => session.one(detachCapture(plan)))).toEqual({ dropped: 4 * leaves });
    expect(await triggers()).toBe(0);
    expect(await world.session((session) => session.one(detachCapture(plan)))).toEqual({ dropped: 0 });
  });

  it('is refused for a run that the ledger does not hold as active', async () => {
    const stranger = world.session((session) => session.rows(attachCapture({ ...plan, backfillId: 'nobody' })));
    expect(await sqlstate(stranger)).toMatchObject({ code: '55000' });
  });
});

describe('a leaf that leaves the partitioned table', () => {
  it('loses its triggers too when capture is detached', async () => {
    const world = await createDataset({ tables: PARTITIONED_SALES });
    try {
      const plan = await world.plan();
      await world.activities.installCapture({ backfillId: plan.backfillId });
      await world.query('ALTER TABLE finance.sales_by_day DETACH PARTITION finance.sales_a');
      await world.session((session) => session.rows(detachCapture(plan)));
      expect(await world.query(`SELECT tgrelid::regclass FROM pg_trigger WHERE tgname LIKE 'backfill%'`)).toEqual([]);
    } finally {
      await world.end();
    }
  });

  it('and one that joins it are noticed: capture is no longer whole', async () => {
    const world = await createDataset({ tables: PARTITIONED_SALES });
    try {
      const plan = await world.plan();
      await world.activities.installCapture({ backfillId: plan.backfillId });
      await world.query(
        `CREATE TABLE finance.sales_new PARTITION OF finance.sales_by_day FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')`,
      );
      expect(await world.session((session) => session.one(captureIsWhole(plan)))).toEqual({ whole: false });
    } finally {
      await world.end();
    }
  });
});
