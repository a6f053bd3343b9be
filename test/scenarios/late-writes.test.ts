import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runLivePipeline } from '../../examples/daily-revenue/live-pipeline.ts';
import { writeLateEvent } from '../../examples/daily-revenue/pipeline-run.ts';
import { compareWithTruth } from '../../examples/daily-revenue/truth.ts';
import { withClient } from '../../examples/daily-revenue/with-client.ts';
import type { Report } from '../../src/report/report.ts';
import { waitFor } from '../support/wait-for.ts';
import type { Started, World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

const PARTIES = ['finance-data', 'business-intelligence', 'revenue-operations'];
const DAYS = 547;
/** The days into which the pipeline writes late: fewer than the five that an approval covers. */
const LATE = [40, 41, 300];
/** Days beside them: more than five, whatever the pipeline wrote meanwhile. */
const MORE = [100, 150, 200, 250, 350, 400];

/** What the pipeline draws its late day and event from, in turn: one of `days`, then any event of it. */
function drawing(days: readonly number[]): () => number {
  let draws = 0;
  return () => {
    draws += 1;
    const day = days[Math.floor(draws / 2) % days.length] ?? 0;
    return draws % 2 === 1 ? (day + 0.5) / DAYS : (draws % 97) / 97;
  };
}

describe('a live pipeline that writes a late row every second', () => {
  let world: World;
  const stop = new AbortController();
  let pipeline: Promise<void>;
  beforeAll(async () => {
    world = await createWorld();
    await world.startWorker();
    pipeline = runLivePipeline({
      url: world.urls['revenue_pipeline'] ?? '',
      signal: stop.signal,
      cycleMs: 500,
      busyMs: 50,
      lateEverySeconds: 1,
      random: drawing(LATE),
      log: () => undefined,
    });
  });
  afterAll(async () => {
    stop.abort();
    await pipeline;
    await world.end();
  });

  const since = `evidence_id > (SELECT max(evidence_id) FROM governance.backfill_evidence WHERE kind = 'run')`;
  const amended = async (): Promise<number> => {
    const { rowCount } = await world.admin.query(
      `SELECT FROM governance.backfill_evidence WHERE kind = 'amendment' AND ${since}`,
    );
    return rowCount ?? 0;
  };

  it('loses no write, keeps the approval while they stay small, and is asked about again when they do not', async () => {
    const run = await world.start({ set: { 'rollback.window': '2s' } });
    const first = (await run.reach('awaitingApproval')).evidenceDigest;

    await waitFor(async () => (await amended()) > 0, { timeoutMs: 30_000, describe: 'an amendment of the evidence' });
    await withClient(world.urls['revenue_pipeline'] ?? '', async (client) => {
      const random = drawing(MORE);
      for (let written = 0; written < MORE.length; written += 1) await writeLateEvent(client, random);
    });
    // Found before the switch, or while the approval is awaited: then this one comes too late and is refused.
    await run.update('approve', { by: 'finance-controller', digest: first });
    const again = await askedAgain(run, first);
    expect(again).toMatchObject({ approval: null, release: null });
    await showsTheDifference(world, run, first);

    await waitFor(async () => (await amended()) > 0, { timeoutMs: 30_000, describe: 'an amendment of the new one' });
    await run.approve();
    await run.reach('observing');
    const { rows } = await world.admin.query<{ days: string[]; digest: string; covered: boolean }>(
      `SELECT ARRAY(SELECT one ->> 'partition' FROM jsonb_array_elements(amendment_list) one WHERE one ->> 'before' <> one ->> 'after') AS days, evidence_digest AS digest,
              amendments BETWEEN 1 AND 5 AND amendment_digest = encode(sha256(convert_to(amendment_list::text, 'UTF8')), 'hex') AS covered FROM governance.data_releases`,
    );
    expect(rows).toEqual([{ days: expect.any(Array) as string[], digest: again.evidenceDigest, covered: true }]);
    const late = ['2025-01-10', '2025-01-11', '2025-09-27'];
    expect(rows[0]?.days.length).toBeGreaterThan(0);
    expect(late).toEqual(expect.arrayContaining(rows[0]?.days ?? []));

    await run.reach('awaitingSignOff');
    for (const by of PARTIES) await run.update('signOff', { by });
    expect(await run.result()).toMatchObject({ status: 'completed' });
    stop.abort();
    await pipeline;
    expect(await compareWithTruth(world.adminUrl)).toMatchObject({ missing: 0, unexpected: 0, different: 0 });
    const sums = await world.admin.query<{ base: string; shown: string }>(
      'SELECT (SELECT sum(net_revenue)::text FROM finance.daily_revenue) AS base, (SELECT sum(net_revenue)::text FROM finance.daily_revenue_current) AS shown',
    );
    expect(sums.rows[0]?.base).toBe(sums.rows[0]?.shown);
  }, 120_000);
});

/** The evidence that approval is asked for again. */
async function askedAgain(run: Started, first: string | null) {
  return waitFor(
    async () => {
      const status = await run.status();
      return status.status === 'awaitingApproval' && status.evidenceDigest !== first ? status : null;
    },
    { timeoutMs: 60_000, describe: 'the approval to be asked for again' },
  );
}

/** In the ledger, in the announcement and in the report alike. */
async function showsTheDifference(world: World, run: Started, first: string | null): Promise<void> {
  const { evidenceDigest, reportPath } = await run.status();
  const { rows } = await world.admin.query<{ evidence: Previous; announced: Previous }>(
    `SELECT e.body -> 'previous' AS evidence, a.body -> 'previous' AS announced FROM governance.backfill_evidence e JOIN governance.announcements a ON a.dedupe = e.digest AND a.kind = 'approval_requested' WHERE e.digest = $1`,
    [evidenceDigest],
  );
  const [shown] = rows;
  expect(shown?.evidence.digest).toBe(first);
  expect(shown?.evidence.restatedPartitions).toBeGreaterThan(5);
  const { before, after, difference } = shown?.evidence.measures['revenue'] ?? {};
  expect(Number(after) - Number(before)).toBeCloseTo(Number(difference), 2);
  expect(Number(difference)).not.toBe(0);
  expect(shown?.announced).toEqual(shown?.evidence);
  const report = JSON.parse(await readFile((reportPath ?? '').replace(/html$/, 'json'), 'utf8')) as Report;
  expect(report.evidence?.previous).toEqual(shown?.evidence);
}

type Previous = NonNullable<NonNullable<Report['evidence']>['previous']>;
