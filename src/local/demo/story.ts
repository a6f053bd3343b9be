import { readFile } from 'node:fs/promises';
import type { Client } from '@temporalio/client';
import type { Consumers } from '../../../examples/daily-revenue/consumers.ts';
import { compareWithTruth } from '../../../examples/daily-revenue/truth.ts';
import { describeBackfill } from '../../client/describe-backfill.ts';
import { startBackfill } from '../../client/start-backfill.ts';
import { uiLink } from '../../client/ui-link.ts';
import type { BackfillStatus } from '../../domain/status.ts';
import type { StatusView } from '../../domain/status-view.ts';
import { checksOfRun } from '../../domain/verdict.ts';
import { workflowIdOf } from '../../protocol/identity.ts';
import type { LocalStackWithExample } from '../local-stack-with-example.ts';
import { EXAMPLE_SPEC } from '../local-stack-with-example.ts';
import { dashboardTotal } from './dashboard.ts';
import type { Follower } from './follow.ts';
import { follow } from './follow.ts';
import type { Narrator } from './narrator.ts';

export const DEMO_ID = 'revenue-tax-fix-2026-06';

/** Waits that are days in life. They are recorded in the plan and shown in the report. */
const OVERRIDES = { 'rollback.window': '10s', 'rollback.retain_after_sign_off': '3s' };

export interface Stage {
  readonly stack: LocalStackWithExample;
  readonly consumers: Consumers;
  readonly client: Client;
  readonly narrator: Narrator;
  readonly signal: AbortSignal;
  /** Called when a status is reached; throws to hand over to a person. */
  readonly reached: (status: BackfillStatus) => void;
}

/** The whole life of the example's backfill, told as it happens. */
export async function tellStory(stage: Stage): Promise<void> {
  const { stack, consumers, client, narrator, signal } = stage;
  const dashboard = (): Promise<string> => dashboardTotal(stack.urls['dashboard'] ?? '');
  const before = await dashboard();
  narrator.say(`the dashboard shows ${before} of net revenue for May 2026: tax is left inside it`);
  await launch(stage);
  const run = follow(client, DEMO_ID, narrator, signal);
  const at = async (status: BackfillStatus): Promise<StatusView> => {
    const view = await run.until(status);
    stage.reached(status);
    return view;
  };

  await pauseAndResume(run, stage);
  await approve(run, await at('awaitingApproval'), narrator);
  const published = await at('observing');
  narrator.say(`   release ${published.release?.releaseId}; the dashboard now shows ${await dashboard()}`);

  await run.send('rollback', { by: 'oncall', reason: 'rehearsal: can we really undo it?' });
  await at('rolledBack');
  const back = await dashboard();
  narrator.say(`   the dashboard shows ${back} again; no row was copied, no live write lost`);
  if (back !== before) throw new Error(`after the rollback the dashboard shows ${back} instead of ${before}`);

  await run.send('republish', { by: 'dora' });
  await approve(run, await at('awaitingApproval'), narrator);
  const again = await at('observing');
  narrator.say(`   release ${again.release?.releaseId}; the dashboard shows ${await dashboard()}`);

  await consumers.refreshDashboard(stack.stack.adminUrl);
  narrator.say('   the dashboard refreshed its own table; what each consumer sees is measured meanwhile');
  const measured = await run.untilTrue('good consumers', ({ monitors }) => allGood(monitors));
  for (const monitor of measured.monitors)
    narrator.say(`   ${monitor.name}: ${monitor.figure} (expected ${monitor.limit}): ${monitor.verdict}`);
  for (const line of measured.release?.downstream ?? []) narrator.say(`   ${line}`);
  const window = await at('awaitingSignOff');
  narrator.say(
    `   the rollback window ended; undoing it still takes one statement (backfill status ${window.backfillId})`,
  );
  for (const by of ['finance-data', 'business-intelligence', 'revenue-operations']) await run.send('signOff', { by });
  await at('consolidating');
  await at('completed');
  await checkTruth(stack, narrator);
}

function allGood(monitors: StatusView['monitors']): boolean {
  return monitors.length > 0 && monitors.every(({ verdict }) => verdict === 'good');
}

async function launch({ stack, client, narrator }: Stage): Promise<void> {
  await endOlderRun(client);
  const outcome = await startBackfill(client, {
    backfillId: DEMO_ID,
    specText: await readFile(EXAMPLE_SPEC, 'utf8'),
    requestedBy: 'dora',
    set: OVERRIDES,
    summary: 'finance.daily_revenue 2024-12-01..2026-05-31 FIN-2841',
    details: 'Correct tax-inclusive revenue calculation',
    taskQueuePrefix: null,
  });
  if (outcome.kind !== 'started')
    throw new Error(`workflow ${outcome.workflowId} was started by somebody else meanwhile`);
  narrator.say(
    `dora starts examples/daily-revenue/backfill.yaml, waits shortened: ${Object.entries(OVERRIDES)
      .map(([field, value]) => `--set ${field}=${value}`)
      .join(' ')}`,
  );
  const link = uiLink(stack.stack, outcome.workflowId, outcome.runId);
  if (link !== null) narrator.say(`watch it in Temporal: ${link}`);
}

/** A demo that was killed left its run behind, on this demo's own server; its database is gone already. */
async function endOlderRun(client: Client): Promise<void> {
  const run = await describeBackfill(client, DEMO_ID);
  if (run?.workflowStatus !== 'RUNNING') return;
  await client.workflow.getHandle(workflowIdOf(DEMO_ID)).terminate('the demo begins anew');
}

/** A pause asked for while lanes work: they stop at a partition boundary, and nothing runs on unseen. */
async function pauseAndResume(run: Follower, { reached }: Stage): Promise<void> {
  await run.untilTrue('building', (view) => view.status === 'building' && view.partitions.done > 50);
  await run.send('pause', { by: 'dora', reason: 'month-end reports run' });
  await run.untilTrue('the pause', (view) => view.paused !== null);
  reached('building');
  await run.send('resume', { by: 'dora' });
}

async function approve(run: Follower, view: StatusView, narrator: Narrator): Promise<void> {
  const ofRun = checksOfRun(view.checks);
  const failed = ofRun.filter((check) => check.verdict === 'fail').length;
  narrator.say(
    `   ${ofRun.length} checks of the whole run, ${failed} failed; ${view.partitions.rebuilt} partitions rebuilt after late writes`,
  );
  for (const check of view.checks.filter((one) => one.name.startsWith('delta:')))
    narrator.say(`   ${check.name.replace('delta:', '')} ${check.figure} (expected ${check.limit}): ${check.verdict}`);
  narrator.say(`   report ${view.reportPath}`);
  narrator.say(`   evidence digest ${view.evidenceDigest}`);
  await run.send('approve', { by: 'finance-controller', digest: view.evidenceDigest, comment: 'read the report' });
}

async function checkTruth({ stack }: LocalStackWithExample, narrator: Narrator): Promise<void> {
  const found = await compareWithTruth(stack.adminUrl);
  narrator.say(
    `compared with a truth computed another way: ${found.rows} rows, ${found.missing} missing, ${found.unexpected} unexpected, ${found.different} different`,
  );
  if (found.missing + found.unexpected + found.different > 0)
    throw new Error(`the published view differs from the truth: ${JSON.stringify(found.sample.slice(0, 3))}`);
}
