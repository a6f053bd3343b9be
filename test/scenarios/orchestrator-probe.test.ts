import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { changedContracts } from '../support/contracts.ts';
import { waitFor } from '../support/wait-for.ts';
import type { Started, World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

const PATH = '/api/v1/dags/daily_revenue/dagRuns';
interface Answer {
  readonly status: number;
  readonly running: number;
}
const IDLE: Answer = { status: 200, running: 0 };
const RUNNING: Answer = { status: 200, running: 1 };
const BROKEN: Answer = { status: 503, running: 0 };
const SECRET = 'Bearer only-the-worker-knows';

describe('a live pipeline that is asked at its orchestrator', () => {
  let world: World;
  let contracts: string;
  /** What Airflow answers, one after the other; the last one stays. */
  let answers: readonly Answer[] = [IDLE];
  let withoutSecret = 0;
  const server = createServer((request, response) => {
    if (request.headers.authorization !== SECRET) withoutSecret += 1;
    const [{ status, running } = IDLE, ...later] = answers;
    if (later.length > 0) answers = later;
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ dag_runs: [], total_entries: running }));
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${PATH}?state=running`;
    contracts = await changedContracts('daily_revenue.contract.yaml', (text) =>
      text
        .replace(
          'running: probes/pipeline_running.sql',
          `http: { url: "${url}", header: "env:AIRFLOW_AUTHORIZATION", path: "$.total_entries", running_when: "> 0" }`,
        )
        .replace('started_signal_expires: 2h', 'started_signal_expires: 1s'),
    );
    world = await createWorld(100);
    const secret = (reference: string) => (reference === 'env:AIRFLOW_AUTHORIZATION' ? { reveal: () => SECRET } : null);
    await world.startWorker({ contracts, secret });
  });
  beforeEach(() => {
    answers = [IDLE];
  });
  afterAll(async () => {
    await world.end();
    server.close();
    await rm(contracts, { recursive: true, force: true });
  });

  const waitsOn = (run: Started, what: RegExp) =>
    waitFor(
      async () => {
        const now = await run.status();
        return now.status === 'building' && what.test(now.waitingOn?.reason ?? '') ? now : null;
      },
      { timeoutMs: 60_000, describe: `the run to wait on ${what.source}` },
    );
  const startBuilding = async (): Promise<Started> => {
    const run = await world.start({
      set: {
        'execution.partitions_per_batch': '1',
        'execution.max_concurrency': '1',
        // A hundred events a day move more than a year of them.
        'validation.revenue_delta_expected': '-20% to 5%',
      },
    });
    await run.reach('building');
    return run;
  };
  const built = async (run: Started): Promise<number> =>
    (
      await world.admin.query(`SELECT FROM governance.backfill_partitions WHERE backfill_id = $1 AND state = 'built'`, [
        run.id,
      ])
    ).rowCount ?? 0;
  const goesOn = async (run: Started): Promise<void> => {
    const before = await built(run);
    expect(before).toBeLessThan(547);
    answers = [IDLE];
    await waitFor(async () => (await built(run)) > before, { timeoutMs: 20_000, describe: 'work to go on' });
    await run.update('abort', { by: 'dora', reason: 'seen enough' });
    await run.result();
  };

  it('closes the gate while it runs and while nobody can tell, each with its reason, and opens it again', async () => {
    const run = await startBuilding();
    answers = [RUNNING];
    await waitsOn(run, /^the live pipeline at http:.*dagRuns runs; work goes on when it has finished$/);
    // The gate opens once; the next look, before the next partition, cannot tell.
    answers = [IDLE, BROKEN];
    await waitsOn(
      run,
      /^the probe of the live pipeline fails: http:.*dagRuns: it answers with status 503 instead of 200; it is asked again$/,
    );
    await goesOn(run);
    expect(withoutSecret).toBe(0);
    const kept = await world.admin.query(
      `SELECT FROM governance.backfill_runs WHERE plan::text LIKE '%only-the-worker%'`,
    );
    expect(kept.rowCount).toBe(0);
  });

  it('is asked when a run that signalled its start crashed and never signals its end', async () => {
    const run = await startBuilding();
    await run.signal('livePipelineStarted', { name: 'nightly' });
    await waitsOn(run, /^the live pipeline nightly signalled that it runs/);
    answers = [RUNNING];
    await waitsOn(run, /^the live pipeline at http:/);
    await goesOn(run);
  });

  it('refuses the plan when it cannot be asked at all: nothing is written', async () => {
    answers = [{ status: 401, running: 0 }];
    const run = await world.start();
    await expect(run.result()).rejects.toMatchObject({
      cause: {
        type: 'PlanRefused',
        message: expect.stringMatching(
          /the probe of the live pipeline \(http:.*dagRuns\) cannot be asked: it answers with status 401 instead of 200; correct live_pipeline in the contract/,
        ) as string,
      },
    });
    const { rowCount } = await world.admin.query('SELECT FROM governance.backfill_runs WHERE backfill_id = $1', [
      run.id,
    ]);
    expect(rowCount).toBe(0);
  });
});
