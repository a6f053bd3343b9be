import type { DescribedBackfill } from '../client/describe-backfill.ts';
import type { InstalledDataset, LeftArtifact, OpenRun, UncapturedRun } from '../ledger/left-behind.ts';
import type { MissingGrant } from '../ledger/missing-grants.ts';

/** One thing that is not as it should be, and the command that mends it. */
export interface Finding {
  readonly kind: 'ledger' | 'grants' | 'orphan' | 'capture' | 'artifact' | 'view' | 'unchecked';
  /** What it concerns: a backfill, a dataset, a relation. */
  readonly about: string;
  readonly problem: string;
  readonly remedy: string;
}

/** What was seen of ledger and server; workflows are by backfill id, null where the server has none. */
export interface Seen {
  readonly openRuns: readonly OpenRun[];
  readonly artifacts: readonly LeftArtifact[];
  readonly datasets: readonly InstalledDataset[];
  readonly uncaptured: readonly UncapturedRun[];
  readonly missingMigrations: readonly string[];
  readonly missingGrants: readonly MissingGrant[];
  /** Null where no Temporal server answered. */
  readonly workflows: Readonly<Record<string, DescribedBackfill | null>> | null;
}

/** Everything that a terminated workflow, a changed grant or an upgrade may have left, most urgent first. */
export function findings(seen: Seen): readonly Finding[] {
  return [...installation(seen), ...orphans(seen), ...uncaptured(seen), ...views(seen), ...leftArtifacts(seen)];
}

function installation({ missingMigrations, missingGrants, datasets }: Seen): Finding[] {
  const dataset = datasets[0]?.dataset ?? '<schema.table>';
  const remedy = `backfill install --dataset ${dataset} --admin-url env:ADMIN_URL`;
  const migrations = missingMigrations.map((name): Finding => {
    return {
      kind: 'ledger',
      about: 'governance',
      problem: `the ledger lacks migration ${name} of this version`,
      remedy,
    };
  });
  const grants = missingGrants.map(({ relation, privilege }): Finding => {
    return { kind: 'grants', about: relation, problem: `the worker's role has no ${privilege} on ${relation}`, remedy };
  });
  return [...migrations, ...grants];
}

function orphans({ openRuns, workflows, datasets }: Seen): Finding[] {
  if (workflows === null)
    return openRuns.map(({ backfillId, status }) => ({
      kind: 'unchecked',
      about: backfillId,
      problem: `it is ${status} in the ledger; whether its workflow runs is not known, because no Temporal server answers`,
      remedy: 'backfill doctor, when the server is back',
    }));
  return openRuns
    .filter(({ backfillId }) => workflows[backfillId]?.isRunning !== true)
    .map((run) => orphan(run, workflows[run.backfillId] ?? null, datasets));
}

function uncaptured({ uncaptured: runs }: Seen): Finding[] {
  return runs.map(({ backfillId, dataset, isPublished }) => ({
    kind: 'capture',
    about: backfillId,
    problem: `its capture on ${dataset} is off or not whole: live writes to the interval leave no marks, and are found by comparing the base, later`,
    remedy: isPublished
      ? `nothing has to be done: they are followed as they are found (comparedAsOf of backfill status ${backfillId}); backfill rollback ${backfillId} --reason "<why>" shows them at once`
      : 'nothing to do: before its release is published, capture is installed again, and what was written meanwhile is found by comparing the base',
  }));
}

function orphan(run: OpenRun, workflow: DescribedBackfill | null, datasets: readonly InstalledDataset[]): Finding {
  const { backfillId, dataset, status } = run;
  const how = workflow === null ? 'is not known to the server' : `has ended (${workflow.workflowStatus.toLowerCase()})`;
  const problem = `it is ${status} in the ledger, but its workflow ${how}`;
  const isShown = datasets.some((one) => one.dataset === dataset && one.activeBackfill === backfillId);
  const startAgain = 'backfill start <the spec it was started with>';
  return isShown
    ? {
        kind: 'orphan',
        about: backfillId,
        problem: `${problem}; consumers read its release and nobody watches it`,
        remedy: `${startAgain}, which takes up its watch; or undo it with the statement that backfill status ${backfillId} prints`,
      }
    : {
        kind: 'orphan',
        about: backfillId,
        problem,
        remedy: `${startAgain}, which goes on where it stopped; or backfill doctor --remove ${backfillId}`,
      };
}

/** A view that is armed while its run goes on is as it should be. */
function views({ datasets, openRuns, artifacts }: Seen): Finding[] {
  return datasets
    .filter((one) => one.isOverlaid && one.activeBackfill === null)
    .filter(({ dataset }) => !openRuns.some((run) => run.dataset === dataset))
    .map(({ dataset, view }): Finding => {
      const owner = artifacts.find((artifact) => artifact.dataset === dataset)?.backfillId;
      return {
        kind: 'view',
        about: view ?? dataset,
        problem: 'the view is armed, but no release is in force and no run goes on',
        remedy:
          owner === undefined
            ? 'backfill doctor --remove <the last backfill of this dataset>'
            : `backfill doctor --remove ${owner}`,
      };
    });
}

function leftArtifacts({ artifacts }: Seen): Finding[] {
  return artifacts
    .filter((artifact) => artifact.ended)
    .map(({ backfillId, kind, name, status }) => ({
      kind: 'artifact',
      about: backfillId,
      problem: `it has ended (${status}), but its ${kind} ${name} is still there`,
      remedy: `backfill doctor --remove ${backfillId}`,
    }));
}
