import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { nextCommands } from '../../src/cli/render/next-commands.ts';
import type { Surroundings } from '../../src/cli/surroundings.ts';
import { BACKFILL_STATUSES } from '../../src/domain/status.ts';
import { viewOf } from './views.ts';

const at = '2026-06-15T09:30:00.000Z';
const SURROUNDINGS: Surroundings = {
  env: {},
  cwd: process.cwd(),
  user: 'dana',
  now: () => new Date(at),
  isTerminal: false,
  width: 120,
  isColoured: false,
  show: () => undefined,
  note: () => undefined,
  interrupted: new AbortController().signal,
};

describe('what a person can do next', () => {
  it('is answered for every status', () => {
    const commands = BACKFILL_STATUSES.map((status) => `${status}: ${nextCommands(viewOf({ status })).join(' | ')}`);
    expect(commands.join('\n')).toMatchInlineSnapshot(`
      "planning: backfill status tax-fix --watch | backfill abort tax-fix --reason "<why>"
      proving: backfill status tax-fix --watch | backfill pause tax-fix --reason "<why>" | backfill abort tax-fix --reason "<why>"
      preserving: backfill status tax-fix --watch | backfill pause tax-fix --reason "<why>" | backfill abort tax-fix --reason "<why>"
      building: backfill status tax-fix --watch | backfill pause tax-fix --reason "<why>" | backfill abort tax-fix --reason "<why>"
      reconciling: backfill status tax-fix --watch | backfill pause tax-fix --reason "<why>" | backfill abort tax-fix --reason "<why>"
      awaitingApproval: backfill report tax-fix | backfill approve tax-fix --by <approver> --digest <from the report> | backfill reject tax-fix --by <approver> --reason "<why>" | backfill abort tax-fix --reason "<why>"
      publishing: backfill status tax-fix --watch | backfill abort tax-fix --reason "<why>"
      observing: backfill status tax-fix --watch | backfill rollback tax-fix --reason "<why>" | backfill settle tax-fix
      awaitingSignOff: backfill sign-off tax-fix --by <party> | backfill rollback tax-fix --reason "<why>" | backfill settle tax-fix
      consolidating: backfill status tax-fix --watch | backfill pause tax-fix --reason "<why>"
      completed: backfill report tax-fix
      rollingBack: backfill status tax-fix --watch
      rolledBack: backfill republish tax-fix | backfill close tax-fix
      closing: backfill status tax-fix --watch
      closed: backfill report tax-fix
      held: backfill retry tax-fix
      aborting: backfill status tax-fix --watch
      aborted: backfill report tax-fix
      failed: "
    `);
  });

  it('is what the worker offers; resume comes first where it is paused', () => {
    const retry = { message: 'retry', command: 'backfill retry tax-fix' } as const;
    expect(nextCommands(viewOf({ status: 'held', next: [retry] }))).toEqual(['backfill retry tax-fix']);
    const paused = { by: 'dana', reason: 'month end', since: at };
    expect(nextCommands(viewOf({ paused }))[0]).toBe('backfill resume tax-fix');
  });

  it('is a command that there is, with every option that it wants', async () => {
    const check = { name: 'row_count', level: 'structural', verdict: 'fail', figure: '3', limit: '±0' } as const;
    let heard = 0;
    let shown = 0;
    const run = async (): Promise<void> => Promise.resolve(void (heard += 1));
    for (const status of BACKFILL_STATUSES) {
      const hold = status === 'held' ? ({ from: 'observing', reason: '', since: at, check, batch: 1 } as const) : null;
      for (const paused of [null, { by: 'dana', reason: 'month end', since: at }])
        for (const command of nextCommands(viewOf({ status, paused, hold, evidenceDigest: '3bdea71259f9' }))) {
          const [backfill, ...words] = command.match(/"[^"]*"|\S+/g) ?? [];
          expect(backfill).toBe('backfill');
          const program = createProgram(run, SURROUNDINGS);
          for (const one of [program, ...program.commands])
            one.exitOverride().configureOutput({ writeErr: () => undefined });
          shown += 1;
          await program.parseAsync(words, { from: 'user' });
          expect(heard, command).toBe(shown);
        }
    }
    expect(shown).toBeGreaterThan(40);
  });
});
