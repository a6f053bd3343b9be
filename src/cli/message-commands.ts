import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { Incoming, MessageName } from '../domain/messages.ts';
import type { CommandResult } from './command-result.ts';
import type { Surroundings } from './surroundings.ts';

interface MessageOption {
  readonly flags: string;
  readonly about: string;
  readonly isRequired?: boolean;
  readonly read?: (text: string) => unknown;
  /** Name of the field in the message; the option's own name where it is not given. */
  readonly field?: string;
}

interface MessageCommand {
  readonly command: string;
  readonly message: MessageName;
  readonly about: string;
  readonly options: readonly MessageOption[];
  /** A private key may sign it. */
  readonly isSigned?: true;
}

const BY: MessageOption = {
  flags: '--by <person>',
  about: 'who decides; default: BACKFILL_USER, then the user of this system',
};
const REASON: MessageOption = { flags: '--reason <text>', about: 'why, for everybody who asks later' };
const NEEDED_REASON: MessageOption = { ...REASON, isRequired: true };
const PIPELINE: MessageOption = { flags: '--name <pipeline>', about: 'which pipeline; each name counts by itself' };

const COMMANDS: readonly MessageCommand[] = [
  { command: 'pause', message: 'pause', about: 'stop at the next partition boundary and wait', options: [BY, REASON] },
  { command: 'resume', message: 'resume', about: 'go on after a pause', options: [BY] },
  {
    command: 'approve',
    message: 'approve',
    about: 'approve the evidence for publication (a listed approver, never who requested it)',
    options: [
      BY,
      {
        flags: '--digest <digest>',
        about: 'of the evidence that was read; its first twelve digits are enough',
        isRequired: true,
      },
      { flags: '--comment <text>', about: 'kept with the approval' },
    ],
    isSigned: true,
  },
  { command: 'reject', message: 'reject', about: 'reject the evidence; the run is held', options: [BY, NEEDED_REASON] },
  {
    command: 'rollback',
    message: 'rollback',
    about: 'let consumers read the previous history again, at once',
    options: [BY, NEEDED_REASON],
  },
  {
    command: 'republish',
    message: 'republish',
    about: 'after a rollback: new evidence, then a new approval',
    options: [BY],
  },
  { command: 'close', message: 'close', about: 'after a rollback: remove what the run made and end it', options: [BY] },
  {
    command: 'sign-off',
    message: 'signOff',
    about: 'a party of the contract says that the old version may go',
    options: [{ ...BY, about: 'the party that signs; default: BACKFILL_USER, then the user of this system' }],
  },
  { command: 'retry', message: 'retry', about: 'held: try the held step again', options: [BY] },
  {
    command: 'replan',
    message: 'replan',
    about:
      'a column was added to the base: carry it into shadow and view; without a hash, the run shows what that means',
    options: [BY, { flags: '--plan-hash <hash>', about: 'of the plan that was reviewed', field: 'planHash' }],
  },
  {
    command: 'waive',
    message: 'waive',
    about: 'held on a check: let it pass, recorded in the evidence',
    options: [BY, { flags: '--check <name>', about: 'the failing check', isRequired: true }, NEEDED_REASON],
  },
  {
    command: 'abort',
    message: 'abort',
    about: 'give up before publication; the evidence is kept',
    options: [BY, NEEDED_REASON],
  },
  {
    command: 'set-limits',
    message: 'setLimits',
    about: 'change limits while it runs',
    options: [
      BY,
      { flags: '--max-concurrency <n>', about: 'lanes, 1 to 32', read: wholeNumber, field: 'max_concurrency' },
      {
        flags: '--daily-bytes-budget <size>',
        about: 'such as 500GB, or none',
        read: (text) => (text === 'none' ? null : text),
        field: 'daily_bytes_budget',
      },
      {
        flags: '--daily-cost-budget <amount>',
        about: 'such as 25, or none',
        read: (text) => (text === 'none' ? null : Number(text)),
        field: 'daily_cost_budget',
      },
    ],
  },
  {
    command: 'settle',
    message: 'settle',
    about: 'give readers the cheaper view, without the instant switch',
    options: [BY],
  },
  { command: 'rearm', message: 'rearm', about: 'give the view its instant switch back', options: [BY] },
  {
    command: 'pipeline-started',
    message: 'livePipelineStarted',
    about: 'for the live pipeline: work stops at the next partition boundary',
    options: [PIPELINE],
  },
  {
    command: 'pipeline-finished',
    message: 'livePipelineFinished',
    about: 'for the live pipeline: work goes on when none is left',
    options: [{ ...PIPELINE, about: 'which pipeline; all of them where it is left out' }],
  },
];

export type Run = (task: () => Promise<CommandResult>) => Promise<void>;

/** One command a message, each `backfill <command> <id> [options]`. */
export function addMessageCommands(program: Command, run: Run, surroundings: Surroundings): void {
  for (const { command, message, about, options, isSigned } of COMMANDS) {
    const added = program.command(`${command} <id>`).description(about);
    for (const { flags, about: what, isRequired, read } of options) {
      const option = added.createOption(flags, what).makeOptionMandatory(isRequired ?? false);
      added.addOption(read === undefined ? option : option.argParser(read));
    }
    if (message === 'replan') addReview(added);
    if (isSigned === true)
      added.option('--key <file>', 'ed25519 private key (PEM) that signs it; the contract lists its public key');
    added.option('--json', 'print one JSON document');
    added.action((id: string, given: Readonly<Record<string, unknown>>) =>
      run(async () => {
        if (given['plan'] === true) {
          const { reviewReplan } = await import('./commands/replan.ts');
          return reviewReplan(id, given, surroundings);
        }
        const { send } = await import('./commands/send.ts');
        const payload = payloadOf(options, given, surroundings.user);
        const key = given['key'];
        if (typeof key !== 'string') return send(id, message, payload, surroundings);
        const { sendSigned } = await import('./commands/send-signed.ts');
        return sendSigned(id, payload, key, surroundings);
      }),
    );
  }
}

/** What is looked at before the message is sent, on the warehouse alone. */
function addReview(command: Command): void {
  command
    .option('--plan', 'show what it would change, against the warehouse; changes nothing, asks no Temporal server')
    .option('--contracts <folder>', 'with --plan: folder of the dataset contracts');
}

function payloadOf(
  options: readonly MessageOption[],
  given: Readonly<Record<string, unknown>>,
  user: string | null,
): Incoming {
  const entries = options.flatMap(({ flags, field }) => {
    const name = /^--([a-z-]+)/.exec(flags)?.[1] ?? flags;
    const value = given[camelCase(name)] ?? (name === 'by' ? (user ?? undefined) : undefined);
    const isNone = given[camelCase(name)] === null;
    return value === undefined && !isNone ? [] : [[field ?? name, isNone ? null : value] as const];
  });
  return Object.fromEntries(entries);
}

function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

export function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is a whole number.');
}
