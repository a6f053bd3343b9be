import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { changedContracts } from '../support/contracts.ts';
import { waitFor } from '../support/wait-for.ts';
import type { Started, World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

const PATH = '/api/v1/dags/daily_revenue/dagRuns';
const SECRET = 'Bearer only-the-worker-knows';

describe('a live pipeline that is asked at its orchestrator', () => {
  let world: World;
  let contracts: string;
  /** As Airflow answers; the status is that of the answer. */
  const airflow = { status: 200, running: 0, without: 0 };
  const server = createServer((request, response) => {
    if (request.headers.authorization !== SECRET) airflow.without += 1;
    response.writeHead(airflow.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ dag_runs: [], total_entries: airflow.running }));
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
    Object.assign(airflow, { status: 200, running: 0, without: 0 });
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
    const run = await world.start({ set: { 'execution.partitions_per_batch': '1', 'execution.max_concurrency': '1' } });
    await waitFor(async () => (await run.status()).partitions.done > 0, { timeoutMs: 60_000, describe: 'partitions' });
    return run;
  };
  const giveUp = async (run: Started): Promise<void> => {
    await run.reach('awaitingApproval');
    await run.update('abort', { by: 'dora', reason: 'done' });
    await run.result();
  };

  it('closes the gate while it runs and while nobody can tell, each with its reason, and opens it again', async () => {
    const run = await startBuilding();
    airflow.running = 1;
    const waiting = await waitsOn(run, /^the live pipeline at http:.*dagRuns runs; work goes on when it has finished$/);
    expect(waiting.partitions.done).toBeLessThan(547);
    airflow.running = 0;
    await waitFor(async () => (await run.status()).partitions.done > waiting.partitions.done, {
      timeoutMs: 20_000,
      describe: 'work to go on',
    });
    airflow.status = 503;
    await waitsOn(
      run,
      /^the probe of the live pipeline fails: http:.*dagRuns: it answers with status 503 instead of 200/,
    );
    airflow.status = 200;
    await giveUp(run);
    expect(airflow.without).toBe(0);
    const kept = await world.admin.query(
      `SELECT FROM governance.backfill_runs WHERE plan::text LIKE '%only-the-worker%'`,
    );
    expect(kept.rowCount).toBe(0);
  });

  it('is asked when a run that signalled its start crashed and never signals its end', async () => {
    const run = await startBuilding();
    airflow.running = 1;
    await run.signal('livePipelineStarted', { name: 'nightly' });
    await waitsOn(run, /the live pipeline at http:/);
    expect((await run.status()).partitions.done).toBeLessThan(547);
    airflow.running = 0;
    await giveUp(run);
  });

  it('refuses the plan when it cannot be asked at all: nothing is written', async () => {
    airflow.status = 401;
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
