import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { sendMessage } from '../../src/client/send-message.ts';
import { startBackfill } from '../../src/client/start-backfill.ts';
import { startWorker } from '../../src/local/local-stack-with-example.ts';
import type { Stack } from '../../src/local/stack.ts';
import { waitForWorker } from '../../src/local/wait-for-worker.ts';
import { waitUntil } from '../../src/local/wait-until.ts';
import { workflowIdOf } from '../../src/protocol/identity.ts';
import { createPool } from '../../src/warehouse/session.ts';
import { readProcess } from '../support/process-reading.ts';
import type { Reach } from '../support/reach-progress.ts';
import { reachProgress } from '../support/reach-progress.ts';
import { note } from '../support/run-bench.ts';
import { makeDataset, specOf } from './dataset.ts';
import type { ScaleRun } from './measured.ts';
import { readPace } from './pace.ts';

const LOOK_EVERY_MS = 250;

/** One backfill from its start over publication and rollback to its end, by a worker of its own. */
export async function runAtScale(servers: Stack, partitions: number): Promise<ScaleRun> {
  const contracts = await mkdtemp(join(tmpdir(), 'backfill-scale-'));
  const { temporalAddress, temporalNamespace, temporalUi } = servers;
  try {
    const urls = await makeDataset(servers.adminUrl, contracts, partitions);
    const stack = { temporalAddress, temporalNamespace, temporalUi, ...urls, reviewUrl: null, contracts };
    const worker = await startWorker(stack, servers.folder, { ...process.env, TEMPORAL_ADDRESS: '' }, note);
    const admin = createPool(urls.adminUrl, 2);
    const connection = await Connection.connect({ address: temporalAddress });
    try {
      await waitForWorker(stack, null, note);
      const client = new Client({ connection });
      const walked = await walkThrough({ admin, client }, () => worker.pid, partitions);
      const reading = readProcess(worker.pid);
      if (worker.restarts > 0) throw new Error('the worker died on the way: see .backfill/bench/worker.log');
      const runs = await historyLengths(client, idOf(partitions));
      return { partitions, ...walked, runs, peakRssBytes: reading?.peakRssBytes ?? null };
    } finally {
      await worker.stop();
      await connection.close();
      await admin.end();
    }
  } finally {
    await rm(contracts, { recursive: true, force: true });
  }
}

type Walked = Omit<ScaleRun, 'partitions' | 'runs' | 'peakRssBytes'>;
type Sides = Parameters<typeof reachProgress>[0];

async function walkThrough(sides: Sides, workerPid: () => number | null, partitions: number): Promise<Walked> {
  const { client, admin } = sides;
  const id = idOf(partitions);
  const started = await startBackfill(client, {
    backfillId: id,
    specText: specOf(id, partitions),
    requestedBy: 'bench',
    set: {},
    summary: `bench: ${partitions} partitions`,
    details: '',
    taskQueuePrefix: null,
  });
  if (started.kind !== 'started') throw new Error(`${id} runs already`);
  const reach = reachProgress(sides, id, LOOK_EVERY_MS);
  await reach('its last batch', ({ done, total }) => total > 0 && done === total);
  const building = readProcess(workerPid())?.peakRssBytes ?? null;
  await reachStatus(reach, 'awaitingApproval');
  const pace = await readPace(admin, id);
  note(`${partitions} partitions: ${(pace.milliseconds / 1000).toFixed(1)} s to build and check`);
  const { rows } = await admin.query<{ digest: string }>(
    `SELECT digest FROM governance.backfill_evidence WHERE backfill_id = $1 AND kind = 'run'`,
    [id],
  );
  await sendMessage(client, id, 'approve', { by: 'controller', digest: rows[0]?.digest ?? '' });
  await reachStatus(reach, 'observing');
  await sendMessage(client, id, 'rollback', { by: 'bench', reason: 'it was only measured' });
  await reachStatus(reach, 'rolledBack');
  await sendMessage(client, id, 'close', { by: 'bench' });
  await reach('its end', ({ ended }) => ended);
  return { ...pace, peakBuildingBytes: building };
}

function idOf(partitions: number): string {
  return `scale-${partitions}`;
}

function reachStatus(reach: Reach, wanted: string): Promise<void> {
  return reach(wanted, ({ status }) => status === wanted);
}

/** Of every run of the chain. The list follows the server with some delay: it is complete when its last run has an end. */
async function historyLengths(client: Client, backfillId: string): Promise<readonly number[]> {
  const workflowId = workflowIdOf(backfillId);
  let lengths: number[] = [];
  await waitUntil(
    async () => {
      lengths = [];
      let ended = false;
      for await (const { status, historyLength } of client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) {
        lengths.push(historyLength);
        ended ||= status.name === 'COMPLETED';
      }
      return ended;
    },
    { timeoutMs: 60_000, everyMs: 250, describe: `every run of ${workflowId} to be listed` },
  );
  return lengths;
}
