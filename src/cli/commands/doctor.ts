import { isUnavailable } from '../../client/connect.ts';
import type { DescribedBackfill } from '../../client/describe-backfill.ts';
import { describeBackfill } from '../../client/describe-backfill.ts';
import type { Config } from '../../config/config.ts';
import type { InstalledDataset, LeftArtifact, OpenRun, UncapturedRun } from '../../ledger/left-behind.ts';
import { installedDatasets, openRuns, uncapturedRuns, undroppedArtifacts } from '../../ledger/left-behind.ts';
import type { MissingGrant } from '../../ledger/missing-grants.ts';
import { missingGrants } from '../../ledger/missing-grants.ts';
import { migrationsExpected } from '../../ledger/scripts.ts';
import { counted } from '../../report/words.ts';
import type { Session } from '../../warehouse/session.ts';
import { sql } from '../../warehouse/sql.ts';
import type { CommandResult } from '../command-result.ts';
import { commandError } from '../command-result.ts';
import { EXIT } from '../exit-codes.ts';
import type { Finding, Seen } from '../findings.ts';
import { findings } from '../findings.ts';
import { loadSettings } from '../settings.ts';
import type { Surroundings } from '../surroundings.ts';
import { withTemporal } from '../with-temporal.ts';
import { hasLedger, withWarehouse } from '../with-warehouse.ts';

/** Looks for what terminated workflows, changed grants and upgrades leave behind, and names the command against each. */
export async function doctor(surroundings: Surroundings): Promise<CommandResult> {
  const { config } = loadSettings(surroundings, ['warehouse']);
  const seen = await withWarehouse(config, async (session) => {
    if (!(await hasLedger(session)))
      throw commandError(
        EXIT.badInput,
        'this warehouse has no ledger that this role may read: backfill install --dataset <schema.table> --admin-url env:ADMIN_URL',
      );
    return look(session);
  });
  const found = findings({ ...seen, workflows: await workflowsOf(config, seen.openRuns) });
  return {
    exitCode: found.length === 0 ? EXIT.done : EXIT.waiting,
    text: render(found),
    json: { findings: found },
  };
}

async function look(session: Session): Promise<Omit<Seen, 'workflows'>> {
  const applied = await session.rows<{ number: number; sha256: string }>(
    sql('SELECT number, sha256 FROM governance.migrations'),
  );
  const isApplied = (wanted: { readonly number: number; readonly sha256: string }): boolean =>
    applied.some((have) => have.number === wanted.number && have.sha256 === wanted.sha256);
  return {
    missingMigrations: migrationsExpected().flatMap((one) => (isApplied(one) ? [] : [one.name])),
    missingGrants: await session.rows<MissingGrant>(missingGrants()),
    openRuns: await session.rows<OpenRun>(openRuns()),
    artifacts: await session.rows<LeftArtifact>(undroppedArtifacts()),
    uncaptured: await session.rows<UncapturedRun>(uncapturedRuns()),
    datasets: await session.rows<InstalledDataset>(installedDatasets()),
  };
}

async function workflowsOf(
  config: Pick<Config, 'temporal'>,
  runs: readonly OpenRun[],
): Promise<Record<string, DescribedBackfill | null> | null> {
  try {
    return await withTemporal(config, async (client) => {
      const described: Record<string, DescribedBackfill | null> = {};
      for (const { backfillId } of runs) described[backfillId] = await describeBackfill(client, backfillId);
      return described;
    });
  } catch (error) {
    if (isUnavailable(error)) return null;
    throw error;
  }
}

function render(found: readonly Finding[]): string {
  if (found.length === 0)
    return 'Nothing was left behind: every open run has its workflow, and every view and table its run.';
  const each = found.map(({ about, problem, remedy }) => `${about}: ${problem}\n  ${remedy}`);
  return [...each, counted(found.length, 'finding')].join('\n');
}
