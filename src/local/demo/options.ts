import { parseArgs } from 'node:util';
import type { BackfillStatus } from '../../domain/status.ts';

export interface DemoOptions {
  /** Leave everything up at the end, until Ctrl-C. */
  readonly stay: boolean;
  /** Stop the story when the run reaches this status, so that a person takes over. */
  readonly pauseAt: BackfillStatus | null;
  readonly eventsPerDay: number;
}

/** Where the story passes for sure and the run stands still, or is paused, until a person goes on. */
const STOPS: readonly BackfillStatus[] = [
  'building',
  'awaitingApproval',
  'observing',
  'rolledBack',
  'awaitingSignOff',
  'completed',
];

export const USAGE = `npm run demo -- [--stay] [--pause-at <status>] [--events-per-day <n>]

  --stay                leave stack, worker and the finished run up until Ctrl-C
  --pause-at <status>   stop the story there and let a person take over: ${STOPS.join(', ')}
  --events-per-day <n>  size of the data, 100 to 100000; 2000 where nothing is said`;

/** Throws one sentence for arguments that make no sense. */
export function readOptions(args: readonly string[]): DemoOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      stay: { type: 'boolean', default: false },
      'pause-at': { type: 'string' },
      'events-per-day': { type: 'string', default: '2000' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const status = values['pause-at'];
  const known = STOPS.find((one) => one === status);
  if (status !== undefined && known === undefined)
    throw new Error(`--pause-at ${status}: the story can be stopped at ${STOPS.join(', ')}`);
  const eventsPerDay = Number(values['events-per-day']);
  if (!Number.isInteger(eventsPerDay) || eventsPerDay < 100 || eventsPerDay > 100_000)
    throw new Error(`--events-per-day ${values['events-per-day']}: give a whole number from 100 to 100000`);
  return { stay: values.stay, pauseAt: known ?? null, eventsPerDay };
}
