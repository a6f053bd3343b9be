import type { ListedBackfill } from '../../client/list-backfills.ts';
import { listBackfills } from '../../client/list-backfills.ts';
import type { Config } from '../../config/config.ts';
import type { LedgerRun } from '../../ledger/runs.ts';
import { listRuns } from '../../ledger/runs.ts';
import { formatInstant } from '../../report/words.ts';
import type { CommandResult } from '../command-result.ts';
import { commandError } from '../command-result.ts';
import { EXIT } from '../exit-codes.ts';
import { table } from '../render/layout.ts';
import { loadSettings } from '../settings.ts';
import type { Surroundings } from '../surroundings.ts';
import { withTemporal } from '../with-temporal.ts';
import { hasLedger, withWarehouse } from '../with-warehouse.ts';

/** One backfill, from the ledger and from Temporal; a field is null where its source does not know the run. */
export interface BackfillRow {
  readonly backfillId: string;
  readonly dataset: string | null;
  readonly status: string | null;
  readonly requestedBy: string | null;
  /** ISO-8601 in UTC. */
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly workflowId: string;
  readonly workflowStatus: string | null;
}

type RecordedRun = LedgerRun & { readonly createdAt: Date; readonly endedAt: Date | null };

/** Every backfill that the ledger or the Temporal server knows, newest first. One of the two may be away. */
export async function list(surroundings: Surroundings): Promise<CommandResult> {
  const { config } = loadSettings(surroundings);
  const [runs, workflows] = await Promise.allSettled([
    recordedRuns(config),
    withTemporal(config, (client) => listBackfills(client)),
  ]);
  if (workflows.status === 'rejected' && runs.status === 'rejected') throw workflows.reason;
  if (workflows.status === 'rejected' && config.warehouse === null)
    throw commandError(
      EXIT.failed,
      `${messageOf(workflows.reason)}; or name a warehouse whose ledger can be asked in BACKFILL_WAREHOUSE_URL`,
    );
  for (const source of [runs, workflows])
    if (source.status === 'rejected')
      surroundings.note(`${messageOf(source.reason)}. The list is without what it knows.`);
  const rows = merge(
    runs.status === 'fulfilled' ? runs.value : [],
    workflows.status === 'fulfilled' ? workflows.value : [],
  );
  return { exitCode: EXIT.done, text: rows.length === 0 ? 'There is no backfill yet.' : render(rows), json: rows };
}

async function recordedRuns({ warehouse }: Pick<Config, 'warehouse'>): Promise<readonly RecordedRun[]> {
  if (warehouse === null) return [];
  return withWarehouse({ warehouse }, async (session) =>
    (await hasLedger(session)) ? session.rows<RecordedRun>(listRuns()) : [],
  );
}

function merge(runs: readonly RecordedRun[], workflows: readonly ListedBackfill[]): BackfillRow[] {
  const byId = new Map(workflows.map((workflow) => [workflow.backfillId, workflow]));
  const recorded = runs.map((run) => ({
    backfillId: run.backfillId,
    dataset: run.dataset,
    status: run.status,
    requestedBy: run.requestedBy,
    startedAt: run.createdAt.toISOString(),
    endedAt: run.endedAt?.toISOString() ?? null,
    workflowId: run.workflowId,
    workflowStatus: byId.get(run.backfillId)?.workflowStatus ?? null,
  }));
  const ids = new Set(recorded.map((run) => run.backfillId));
  const unrecorded = workflows
    .filter((workflow) => !ids.has(workflow.backfillId))
    .map((workflow) => ({ ...workflow, dataset: null, status: null, requestedBy: null, endedAt: null }));
  return [...recorded, ...unrecorded].sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
}

function render(rows: readonly BackfillRow[]): string {
  return table(
    ['backfill', 'dataset', 'status', 'workflow', 'requested by', 'started'],
    rows.map((row) => [
      row.backfillId,
      row.dataset ?? '',
      row.status ?? 'not planned',
      row.workflowStatus?.toLowerCase().replaceAll('_', ' ') ?? 'not found',
      row.requestedBy ?? '',
      formatInstant(row.startedAt),
    ]),
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
