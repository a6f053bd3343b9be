import { readFile } from 'node:fs/promises';
import { startBackfill } from '../../src/client/start-backfill.ts';
import { sendMessage } from '../../src/client/send-message.ts';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { readPlan } from '../../src/ledger/runs.ts';
import { EXAMPLE_SPEC } from '../../src/local/local-stack-with-example.ts';
import { SHORT, withSession } from '../../src/warehouse/session.ts';
import type { BenchStack } from '../support/bench-stack.ts';
import type { ProcessReading } from '../support/process-reading.ts';
import { readFamilyCpuMs, readProcess } from '../support/process-reading.ts';
import type { Reach } from '../support/reach-progress.ts';
import { reachProgress } from '../support/reach-progress.ts';
import { forgetStatements, statementTimes } from '../support/statement-times.ts';
import { readLaneTimes } from './lane-times.ts';
import { fingerprintShadow } from './loop-tables.ts';
import type { ProductMeasured } from './measured.ts';
import { addUp } from './sections.ts';

export interface ProductRun {
  readonly plan: BackfillPlan;
  readonly measured: ProductMeasured;
}

/** Statements are forgotten when building begins: it should be noticed at once. */
const LOOK_EARLY_MS = 15;
/** While the product is measured, few looks: they use the processors too. */
const LOOK_EVERY_MS = 100;

/** One real backfill over so many days, from its start to the last batch verdict, then given up: nothing is left of it but its ledger. */
export async function runProduct(
  stack: BenchStack,
  backfillId: string,
  { first, last }: { readonly first: string; readonly last: string },
): Promise<ProductRun> {
  const text = await readFile(EXAMPLE_SPEC, 'utf8');
  const started = await startBackfill(stack.client, {
    backfillId,
    specText: text.replace(/^backfill_id: .*$/m, `backfill_id: ${backfillId}`),
    requestedBy: 'bench',
    set: { 'source_range.start': first, 'source_range.end': last },
    summary: `bench: ${first} to ${last}`,
    details: '',
    taskQueuePrefix: null,
  });
  if (started.kind !== 'started') throw new Error(`${backfillId} runs already: end it, or wait for it`);
  const reach = reachProgress(stack, backfillId, LOOK_EVERY_MS);
  await reach('building to begin', ({ status }) => status === 'building', LOOK_EARLY_MS);
  const measured = await watchBuilding(stack, backfillId, reach);
  await reach('its evidence', ({ status }) => status === 'awaitingApproval');
  const { plan } = await withSession(stack.worker, SHORT, (session) =>
    session.one<{ plan: BackfillPlan }>(readPlan(backfillId)),
  );
  const built = await fingerprintShadow(stack.worker, plan);
  await sendMessage(stack.client, backfillId, 'abort', { by: 'bench', reason: 'it was only measured' });
  await reach('its end', ({ ended }) => ended);
  return { plan, measured: { ...measured, built } };
}

async function watchBuilding(
  stack: BenchStack,
  backfillId: string,
  reach: Reach,
): Promise<Omit<ProductMeasured, 'built'>> {
  await forgetStatements(stack.admin);
  const before = readProcesses(stack);
  await reach('a quarter of its batches', ({ done, total }) => done * 4 >= total);
  const quarter = readProcess(stack.workerPid());
  await reach('its last batch', ({ done, total }) => done === total);
  const after = readProcesses(stack);
  const sections = addUp(await statementTimes(stack.admin, 'backfill_worker'));
  const lanes = await readLaneTimes(stack.admin, backfillId);
  const cpu = {
    server: spent(before.server, after.server),
    worker: spent(before.worker?.cpuMs, after.worker?.cpuMs),
    temporal: spent(before.temporal?.cpuMs, after.temporal?.cpuMs),
  };
  return {
    ...lanes,
    sections,
    rssQuarterBytes: quarter?.rssBytes ?? null,
    rssEndBytes: after.worker?.rssBytes ?? null,
    workerCpuMs: cpu.worker,
    temporalCpuMs: cpu.temporal,
    cpuMs:
      cpu.server === null || cpu.worker === null || cpu.temporal === null
        ? null
        : cpu.server + cpu.worker + cpu.temporal,
  };
}

interface Processes {
  readonly server: number | null;
  readonly worker: ProcessReading | null;
  readonly temporal: ProcessReading | null;
}

function readProcesses(stack: BenchStack): Processes {
  return {
    server: readFamilyCpuMs(stack.postgresPid),
    worker: readProcess(stack.workerPid()),
    temporal: readProcess(stack.temporalPid),
  };
}

function spent(before: number | null | undefined, after: number | null | undefined): number | null {
  return before == null || after == null ? null : after - before;
}
