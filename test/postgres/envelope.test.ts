import { tamper } from '../support/tamper.ts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { voidApprovals } from '../../src/ledger/approvals.ts';
import { publishRelease } from '../../src/ledger/releases.ts';
import { amend } from '../support/amend.ts';
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
afterEach(() => tamper(world, `DELETE FROM governance.backfill_evidence WHERE kind = 'amendment'`));

const call = () => publishRelease({ plan, fence: 1_000, expected: null, windowMs: 60_000, armedView });
const publish = () => world.session((session) => session.rows(call()));

async function refusedWith(message: string | RegExp): Promise<void> {
  expect(await failureOf(publish())).toMatchObject({
    code: '55000',
    hint: 'approval void',
    message: typeof message === 'string' ? message : (expect.stringMatching(message) as string),
  });
  expect(await world.query('SELECT FROM governance.data_releases')).toEqual([]);
}

describe('an approval does not cover, whatever the caller says, what is to be published', () => {
  it('because there is none that still holds', async () => {
    await world.query(`UPDATE governance.backfill_approvals SET evidence_digest = 'older'`);
    const [{ digest } = { digest: '' }] = await world.query<{ digest: string }>(
      `SELECT digest FROM governance.backfill_evidence WHERE kind = 'run'`,
    );
    await refusedWith(`no approval covers the newest evidence ${digest}`);
    await world.query(`UPDATE governance.backfill_approvals SET evidence_digest = $1`, [digest]);
    const undone = world.session(async (session) => {
      await session.change({ text: 'BEGIN', values: [] });
      try {
        await session.change(voidApprovals('fix-tax', 'a test'));
        return await session.rows(call());
      } finally {
        await session.change({ text: 'ROLLBACK', values: [] });
      }
    });
    expect(await failureOf(undone)).toMatchObject({ code: '55000', hint: 'approval void' });
  });

  it('because live writes restated more partitions', async () => {
    await amend(world, plan, '2025-01-02');
    await amend(world, plan, '2025-01-02');
    await amend(world, plan, '2025-01-03');
    await refusedWith('live writes restated 2 partitions since the evidence; the approval covers 1');
  });

  it('because live writes moved a measure too far, up or down', async () => {
    await amend(world, plan, '2025-01-02', { gross: 1_000 });
    await refusedWith(/^live writes moved gross by \d+\.\d{3}% since the evidence; the approval covers 0\.1%$/);
    await amend(world, plan, '2025-01-02', { gross: -2_000 });
    await refusedWith(/^live writes moved gross by /);
  });

  it('because a move cannot be told', async () => {
    await amend(world, plan, '2025-01-02', { gross: Number.NaN });
    await refusedWith(
      /^live writes moved gross by NaN since the evidence, of a total of [\d.]+; the approval covers 0\.1%$/,
    );
    await tamper(world, `DELETE FROM governance.backfill_evidence WHERE kind = 'amendment'`);
    await world.query(
      `INSERT INTO governance.backfill_evidence (backfill_id, kind, body, digest) VALUES ('fix-tax', 'amendment', '{"partition": "2025-01-02"}', 'a')`,
    );
    await refusedWith(/^live writes moved \w+ by NaN since the evidence/);
  });

  it.each(['0', 'NaN', 'Infinity', null])('because there is no share of a total of %j', async (total) => {
    const [was] = await world.query<{ body: unknown }>(
      `SELECT body FROM governance.backfill_evidence WHERE kind = 'run'`,
    );
    await tamper(
      world,
      `UPDATE governance.backfill_evidence SET body = jsonb_set(body, '{totals,gross}', $1) WHERE kind = 'run'`,
      [JSON.stringify(total)],
    );
    try {
      await amend(world, plan, '2025-01-02', { gross: 1 });
      await refusedWith(
        `live writes moved gross by 1 since the evidence, of a total of ${total ?? 'nothing known'}; the approval covers 0.1%`,
      );
    } finally {
      await tamper(world, `UPDATE governance.backfill_evidence SET body = $1 WHERE kind = 'run'`, [was?.body]);
    }
  });

  it.each([
    {
      because: 'a partition was rebuilt without an amendment',
      change: `UPDATE governance.backfill_partitions SET built_at = now() WHERE ordinal = 3`,
      undo: `UPDATE governance.backfill_partitions SET built_at = now() - interval '1 day' WHERE ordinal = 3`,
      message: 'partitions rebuilt since the evidence without an amendment: 1',
    },
    {
      because: 'the batches as they are now no longer show what was expected of the run',
      change: `UPDATE governance.backfill_batches SET figures = jsonb_set(figures, '{measures,net,new}', '"1.00"')`,
      undo: `UPDATE governance.backfill_batches b SET figures = e.body -> 'figures' FROM governance.backfill_evidence e WHERE e.kind = 'batch' AND e.batch = b.batch`,
      message: /^the run fails delta:net: -\d+\.\d{3}% \(allowed: -8% to -1%\)$/,
    },
    {
      because: 'the evidence is of another plan',
      change: `UPDATE governance.backfill_runs SET plan_hash = 'other' || plan_hash`,
      undo: `UPDATE governance.backfill_runs SET plan_hash = substr(plan_hash, 6)`,
      message: /^the newest evidence of fix-tax is of an older plan/,
    },
  ])('because $because', async ({ change, undo, message }) => {
    await world.query(change);
    try {
      await refusedWith(message);
    } finally {
      await world.query(undo);
    }
  });
});

describe('a run that moves a measure by half, where up to 8% less were expected,', () => {
  const changed = (percent: number) => `jsonb_build_object('old', '100', 'new', '${100 + percent}')`;
  const found = (figures: string, waived: string): Promise<string | null | undefined> =>
    world.session(async (session) => {
      await session.change({ text: 'BEGIN', values: [] });
      try {
        await session.change({
          text: `INSERT INTO governance.backfill_evidence (backfill_id, kind, body, digest) VALUES ('fix-tax', 'waiver', jsonb_build_object('check', 'delta:net', 'figure', $1::text), '')`,
          values: [waived],
        });
        await session.change({ text: `UPDATE governance.backfill_batches SET figures = ${figures}`, values: [] });
        const text = `SELECT governance.run_delta_outside('fix-tax') AS outside`;
        return (await session.one<{ outside: string | null }>({ text, values: [] })).outside;
      } finally {
        await session.change({ text: 'ROLLBACK', values: [] });
      }
    });
  const moved = (percent: number) => `jsonb_set(figures, '{measures,net}', ${changed(percent)})`;

  it.each(['-50.000%', '-50.001%', '-99%'])('is covered by a waiver of %s', async (waived) => {
    expect(await found(moved(-50), waived)).toBeNull();
  });

  it.each(['-49.999%', '-9.000%', '+50.000%', '-1.000%', 'from nothing', 'NaN%'])(
    'is not covered by a waiver of %s',
    async (waived) => {
      expect(await found(moved(-50), waived)).toBe('the run fails delta:net: -50.000% (allowed: -8% to -1%)');
    },
  );

  it('is covered as the three decimals that were shown', async () => {
    expect(await found(moved(-50.0004), '-50.000%')).toBeNull();
    expect(await found(moved(-50.0006), '-50.000%')).toMatch(/^the run fails delta:net: -50\.001%/);
  });

  it('up, not down, is covered by no waiver of the other side', async () => {
    expect(await found(moved(50), '+50.000%')).toBeNull();
    expect(await found(moved(50), '-50.000%')).toMatch(/^the run fails delta:net: 50\.000%/);
    expect(await found(moved(50), '+49.000%')).toMatch(/^the run fails delta:net: 50\.000%/);
  });

  it('is compared by its words where it has no figure', async () => {
    const none = `jsonb_set(figures, '{measures,net}', '{"old": "0", "new": "5"}')`;
    expect(await found(none, 'from nothing')).toBeNull();
    expect(await found(none, '-50.000%')).toMatch(/^the run fails delta:net: /);
    const nan = `jsonb_set(figures, '{measures,net}', '{"old": "1", "new": "NaN"}')`;
    expect(await found(nan, 'NaN%')).toBeNull();
    expect(await found(nan, '+99%')).toMatch(/^the run fails delta:net: NaN%/);
  });
});

describe('a release', () => {
  it('lists its amendments, as the evidence saw each partition and as it is published, under a digest that covers the list', async () => {
    await amend(world, plan, '2025-01-03', { gross: 0.25 });
    await amend(world, plan, '2025-01-03', { gross: -0.5 });
    await publish();
    const covered = `amendment_digest = encode(sha256(convert_to(amendment_list::text, 'UTF8')), 'hex') AS covered`;
    expect(
      await world.query(`SELECT amendments, amendment_list AS list, ${covered} FROM governance.data_releases`),
    ).toEqual([
      {
        amendments: 1,
        covered: true,
        list: [
          {
            partition: '2025-01-03',
            rebuilds: 2,
            before: { net: '100', gross: '100' },
            after: { net: '100', gross: '99.5' },
            moved: { net: '0', gross: '-0.5' },
          },
        ],
      },
    ]);
    for (const change of [`amendment_list = '[{}]'`, 'amendments = 0', `amendment_digest = ''`]) {
      const update = world.query(`UPDATE governance.data_releases SET state = 'rolled_back', ${change}`);
      expect(await sqlstate(update), change).toMatchObject({ code: '23514' });
    }
  });
});
