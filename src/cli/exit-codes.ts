import type { StatusView } from '../domain/status-view.ts';
import type { BackfillStatus } from '../domain/status.ts';

/**
 * What every command ends with. Scripts lean on these numbers:
 * 0 – done, or going on as it should; a message was accepted, or is recorded until a worker runs
 * 1 – failed: a server is down, a backfill failed or was aborted, its plan was refused after the start
 * 2 – bad input: a document, an option or an id is wrong, a plan or a message is refused; nothing was changed
 * 3 – held, paused or waiting for a person
 */
export const EXIT = { done: 0, failed: 1, badInput: 2, waiting: 3 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const FAILED: readonly BackfillStatus[] = ['failed', 'aborted'];
const FOR_A_PERSON: readonly BackfillStatus[] = ['awaitingApproval', 'awaitingSignOff', 'held', 'rolledBack'];

export function exitCodeOf(view: Pick<StatusView, 'status' | 'paused'>): ExitCode {
  if (FAILED.includes(view.status)) return EXIT.failed;
  return FOR_A_PERSON.includes(view.status) || view.paused !== null ? EXIT.waiting : EXIT.done;
}
