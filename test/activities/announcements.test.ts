import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { callActivities } from '../../bench/support/call-activities.ts';
import { secret } from '../../src/config/secret.ts';
import type { BackfillActivities } from '../../src/protocol/activities.ts';
import { freePort } from '../../src/local/free-port.ts';
import { waitFor } from '../support/wait-for.ts';
import { CONTRACT, SALES } from '../support/sales-scenario.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

interface Told {
  readonly key: string;
  readonly message: { readonly text: string; readonly blocks: readonly unknown[] };
}

let told: Told[] = [];
let answer: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;
const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const message = JSON.parse(Buffer.concat(parts).toString()) as Told['message'];
    told.push({ key: String(request.headers['idempotency-key']), message });
    void answer(request, response);
  });
});
let address = '';
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/s3cr3t`;
});
afterAll(() => {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
});

const says =
  (status: number) =>
  (_: IncomingMessage, response: ServerResponse): void =>
    void response.writeHead(status).end();

const KINDS = '[approval_requested, published, rolled_back, held, sign_off_requested, overdue, lagging]';
const TELLING = `announce:
  - { webhook: "env:CHANNEL", when: ${KINDS} }
  - { file: told/announcements.jsonl, when: [published] }
deadlines: { approval: 1h }
escalation: { contact: cfo, webhook: "env:ESCALATION" }
downstream:
  - { dataset: looker.revenue, owner: bi, refresh: "looker refresh revenue" }
  - { dataset: close.monthly, owner: accounting, partitions: month }
  - { dataset: crm.totals, owner: crm, partitions: none }
`;
/** Days three to five are right already. */
const TABLES = `${SALES.tables}
update finance.sales_by_day set net = net - tax where merchant % 2 = 1 and day between '2025-01-03' and '2025-01-05';
create materialized view finance.by_merchant as select merchant, sum(net) as net from finance.sales_current group by merchant;
create view finance.top_merchants as select * from finance.by_merchant where net > 100;
alter materialized view finance.by_merchant owner to finance_views;
alter view finance.top_merchants owner to finance_views;`;

let world: SmallDataset;
let activities: BackfillActivities;
let environment: Record<string, string>;
beforeEach(async () => {
  told = [];
  answer = says(200);
  environment = { 'env:CHANNEL': address, 'env:ESCALATION': address };
  world = await createDataset({ contract: `${CONTRACT}${TELLING}`, tables: TABLES });
  activities = callActivities({
    ...world.deps,
    secret: (name) => (environment[name] === undefined ? null : secret(environment[name])),
  });
  await world.plan();
  await world.preserve();
  await world.build();
  await world.conclude();
});
afterEach(() => world.end());

const deliver = () => activities.deliverAnnouncements({ backfillId: 'fix-tax', known: [], last: true });
const due = () => world.query('UPDATE governance.announcement_deliveries SET next_attempt_at = clock_timestamp()');
const states = () =>
  world.query<{ kind: string; target: string; state: string; attempts: number }>(
    'SELECT kind, target, state, attempts FROM governance.announcement_deliveries JOIN governance.announcements USING (announcement_id) ORDER BY announcement_id, target',
  );

describe('an announcement', () => {
  it('tells what changes, by how much, why, who approved and how to object', async () => {
    await deliver();
    expect(told).toHaveLength(1);
    const asked = told[0]?.message.text ?? '';
    expect(asked).toMatch(
      /^Approval requested: FIN-1, Tax is no revenue \(finance\.sales_by_day\)\nnet: \d+\.\d\d → \d+\.\d\d \(-\d/,
    );
    expect(asked).toContain('Period: 2025-01-01 to 2025-01-14');
    expect(asked).toContain(`Report: ${world.deps.reportsFolder}/fix-tax.html`);
    expect(asked).toMatch(/Evidence: [0-9a-f]{64}/);
    expect(asked).toContain('To object: backfill reject fix-tax --by <approver> --reason "<why>"');
    expect(told[0]?.message.blocks).toHaveLength(2);
    await world.approve();
    await world.publish();
    await deliver();
    const published = told[1]?.message.text ?? '';
    for (const line of [
      'Release: FIN-1',
      'Approved by: controller',
      'Requested by: dora',
      'To object: backfill rollback fix-tax --reason "<why>"',
    ])
      expect(published).toContain(line);
    expect(published).toMatch(/Rollback window: until \d{4}-/);
  });

  it('is told to each target that wants it, and in a file as one line of JSON', async () => {
    await world.approve();
    await world.publish();
    await deliver();
    await deliver();
    expect(await states()).toEqual([
      { kind: 'approval_requested', target: 'env:CHANNEL', state: 'delivered', attempts: 1 },
      { kind: 'published', target: 'env:CHANNEL', state: 'delivered', attempts: 1 },
      { kind: 'published', target: 'file:told/announcements.jsonl', state: 'delivered', attempts: 1 },
    ]);
    expect(told).toHaveLength(2);
    const lines = (await readFile(join(world.deps.reportsFolder, 'told/announcements.jsonl'), 'utf8'))
      .trim()
      .split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { kind: string }).kind)).toEqual(['published']);
  });

  it('is tried again under the same key where a target fails first, and never after a success', async () => {
    answer = says(500);
    expect(await deliver()).toEqual({
      undelivered: ['approval_requested to env:CHANNEL: it answers with status 500; it is tried again'],
    });
    answer = says(200);
    expect(await states()).toMatchObject([{ state: 'pending', attempts: 1 }]);
    await deliver();
    expect(told, 'before it is due again').toHaveLength(1);
    await due();
    expect(await deliver()).toEqual({ undelivered: [] });
    await due();
    await deliver();
    expect(new Set(told.map(({ key }) => key)).size).toBe(1);
    expect(told).toHaveLength(2);
    expect(await states()).toMatchObject([{ state: 'delivered', attempts: 2 }]);
  });

  it('whose worker dies between the telling and the record is told once more, under the same key', async () => {
    answer = async (_, response) => {
      await world.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction' AND application_name = 'backfill/ledger'`,
      );
      response.writeHead(200).end();
    };
    await expect(deliver()).rejects.toThrow();
    answer = says(200);
    expect(await deliver()).toEqual({ undelivered: [] });
    await deliver();
    expect(told.map(({ key }) => key)).toEqual([told[0]?.key, told[0]?.key]);
  });

  it('is made by one of two workers at once', async () => {
    let done = 0;
    answer = async (_, response) => {
      await waitFor(() => done === 2, { timeoutMs: 10_000, describe: 'the others to find nothing to do' });
      response.writeHead(200).end();
    };
    await Promise.all([1, 2, 3].map(() => deliver().then(() => (done += 1))));
    expect(told).toHaveLength(1);
  });

  it('is given up in the end, and no address stands in what is shown or recorded', async () => {
    environment = { 'env:CHANNEL': `http://127.0.0.1:${await freePort()}/services/s3cr3t` };
    await deliver();
    await world.query('UPDATE governance.announcement_deliveries SET attempts = 19');
    await due();
    const { undelivered } = await deliver();
    expect(undelivered).toEqual(['approval_requested to env:CHANNEL: it cannot be reached (ECONNREFUSED); given up']);
    environment = {};
    await world.query(`UPDATE governance.announcement_deliveries SET state = 'pending'`);
    await due();
    expect((await deliver()).undelivered[0]).toContain('the environment variable CHANNEL is not set');
    const recorded = await world.query<{ text: string }>(
      `SELECT concat(to_jsonb(d)::text, to_jsonb(a)::text) AS text FROM governance.announcement_deliveries d, governance.announcements a`,
    );
    expect(recorded.map(({ text }) => text).join()).not.toContain('s3cr3t');
  });

  it('waits without a word while nothing is to be told', async () => {
    await deliver();
    const idle = activities.deliverAnnouncements({ backfillId: 'fix-tax', known: [] });
    await expect(idle).rejects.toMatchObject({ type: 'StillWaiting' });
  });
});

describe('a wait past its deadline', () => {
  const waited = (hours: number) =>
    world.query(
      `UPDATE governance.backfill_runs SET status = 'awaitingApproval', status_since = clock_timestamp() - $1 * interval '1 hour'`,
      [hours],
    );

  it('is told once at each reminder, and from the second on to whoever it is escalated to', async () => {
    await deliver();
    await waited(0.5);
    await deliver();
    expect(told).toHaveLength(1);
    await waited(1.5);
    await deliver();
    await deliver();
    expect(told.slice(1).map(({ message }) => message.text.split('\n')[0])).toEqual([
      'Overdue: FIN-1, Tax is no revenue (finance.sales_by_day)',
    ]);
    await world.query(`DELETE FROM governance.announcement_deliveries`);
    await world.query(`DELETE FROM governance.announcements`);
    await waited(2.5);
    await deliver();
    expect((await states()).map(({ target }) => target)).toEqual(['env:CHANNEL', 'env:ESCALATION']);
    expect(told.at(-1)?.message.text).toContain('Contact: cfo');
  });
});

describe('datasets made of this one', () => {
  const days = [
    { start: '2025-01-01', end: '2025-01-03' },
    { start: '2025-01-06', end: '2025-01-15' },
  ];

  it('are told which of their partitions have other inputs, at publication and at a rollback made by hand', async () => {
    await world.approve();
    const release = await world.publish();
    const notices = (event: string) =>
      world.query(
        'SELECT dataset, refresh, ranges FROM governance.downstream_notices WHERE release_id = $1 AND event = $2 ORDER BY dataset',
        [release, event],
      );
    const wanted = [
      { dataset: 'close.monthly', refresh: null, ranges: [{ start: '2025-01-01', end: '2025-02-01' }] },
      { dataset: 'crm.totals', refresh: null, ranges: null },
      { dataset: 'finance.by_merchant', refresh: 'REFRESH MATERIALIZED VIEW finance.by_merchant', ranges: null },
      { dataset: 'finance.top_merchants', refresh: null, ranges: days },
      { dataset: 'looker.revenue', refresh: 'looker refresh revenue', ranges: days },
    ];
    expect(await notices('published')).toEqual(wanted);
    await deliver();
    expect(told.at(-1)?.message.text).toContain(
      'Downstream looker.revenue (bi): other inputs in [2025-01-01, 2025-01-03), [2025-01-06, 2025-01-15); refresh: looker refresh revenue',
    );
    await world.session(async (session) => {
      const { rollbackStatement } = await import('../../src/ledger/releases.ts');
      const [{ plan } = { plan: null }] = await world.query<{ plan: never }>(
        'SELECT plan FROM governance.backfill_runs',
      );
      if (plan !== null) await session.change({ text: rollbackStatement(plan, release), values: [] });
    });
    expect(await activities.watchLiveWrites({ backfillId: 'fix-tax', published: true })).toMatchObject({
      kind: 'rolledBackByHand',
    });
    expect(await notices('rolled_back')).toEqual(wanted);
    await deliver();
    expect(told.at(-1)?.message.text).toMatch(
      /^Rolled back: [^]*By: .*by hand[^]*To go on: backfill republish fix-tax/,
    );
  });
});
