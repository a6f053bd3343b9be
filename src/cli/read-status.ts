import type { Client } from '@temporalio/client';
import type { DescribedBackfill } from '../client/describe-backfill.ts';
import { describeBackfill } from '../client/describe-backfill.ts';
import { queryStatus } from '../client/query-status.ts';
import type { Config } from '../config/config.ts';
import type { StatusView } from '../domain/status-view.ts';
import { isFinal } from '../domain/status.ts';
import type { ExitCode } from './exit-codes.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { lastKnownStatus, readRecordedRun } from './last-known-status.ts';

export interface KnownStatus {
  readonly view: StatusView;
  /** True where a worker answered; else the view is as of the last change of status. */
  readonly isLive: boolean;
  /** The run is not over, but its workflow is: a person has to look. */
  readonly isOrphaned: boolean;
  /** Of the newest run of the workflow; null where the server has none. */
  readonly runId: string | null;
}

/** The run's own answer, or what memo and ledger say where no worker answers. Null: nobody knows the id. */
export async function readStatus(
  client: Client,
  config: Pick<Config, 'warehouse'>,
  backfillId: string,
): Promise<KnownStatus | null> {
  const [answer, described] = await Promise.all([
    queryStatus(client, backfillId),
    describeBackfill(client, backfillId),
  ]);
  const runId = described?.runId ?? null;
  const isLive = answer.kind === 'answered';
  // A start that was refused knows nothing of the run that the ledger may hold under the same id.
  const refused = isLive && answer.view.status === 'failed' ? (answer.view.because ?? 'its plan was refused') : null;
  // A terminated workflow still answers with the state it had: the ledger knows what became of the run since.
  if (isLive && refused === null && (described?.isRunning === true || isFinal(answer.view.status)))
    return { view: withRetry(answer.view, described), isLive, isOrphaned: false, runId };
  const recorded = await readRecordedRun(config, backfillId);
  if (isLive && refused !== null && recorded === null) return { view: answer.view, isLive, isOrphaned: false, runId };
  const view = lastKnownStatus(backfillId, described, recorded, refused);
  return (
    view && {
      view: withRetry(view, described),
      isLive,
      isOrphaned: described?.isRunning !== true && !isFinal(view.status),
      runId,
    }
  );
}

/** An outage looks to a run like work that goes on; the server knows what fails and is tried again. */
function withRetry(view: StatusView, described: DescribedBackfill | null): StatusView {
  const retry = described?.retry ?? null;
  if (retry === null || isFinal(view.status)) return view;
  const { waitingOn } = view;
  const both = waitingOn && { ...waitingOn, reason: `${waitingOn.reason}; meanwhile ${retry.reason}` };
  return { ...view, waitingOn: both ?? retry };
}

export function exitCodeOfKnown({ view, isOrphaned }: KnownStatus): ExitCode {
  return isOrphaned ? EXIT.waiting : exitCodeOf(view);
}
