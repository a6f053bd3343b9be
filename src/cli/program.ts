import { Command } from 'commander';
import type { AdoptCommandOptions } from './commands/adopt.ts';
import type { Run } from './message-commands.ts';
import { addMessageCommands, wholeNumber } from './message-commands.ts';
import type { Surroundings } from './surroundings.ts';
import { packageVersion } from './version.ts';

const AFTER_HELP = `
Exit codes: 0 done or going on · 1 failed · 2 bad input or refused, nothing was changed · 3 held, paused or waiting for a person
Settings come from the environment (TEMPORAL_ADDRESS, BACKFILL_WAREHOUSE_URL, BACKFILL_CONTRACTS, …), else from .backfill/stack.json of a local stack.`;

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

interface DocumentFlags {
  readonly contracts?: string;
  readonly set: readonly string[];
}

/** Every command with its options. A command's code is loaded when it is called: most need neither Temporal nor PostgreSQL. */
export function createProgram(run: Run, surroundings: Surroundings): Command {
  const program = new Command('backfill')
    .description('Applies a corrected transformation to the history of a table: bounded, observable, reversible.')
    .version(packageVersion())
    .helpCommand(false)
    .exitOverride()
    .addHelpText('after', AFTER_HELP);
  addDocumentCommands(program, run, surroundings);
  addReadingCommands(program, run, surroundings);
  addMessageCommands(program, run, surroundings);
  addInstallationCommands(program, run, surroundings);
  return program;
}

function withDocuments(command: Command): Command {
  return command
    .option('--contracts <folder>', 'folder of the dataset contracts')
    .option(
      '--set <field=value>',
      'override a field of the spec, as in rollback.window=10s; may be repeated',
      collect,
      [],
    )
    .option('--json', 'print one JSON document');
}

function addDocumentCommands(program: Command, run: Run, surroundings: Surroundings): void {
  withDocuments(
    program
      .command('validate <spec>')
      .description('check a spec, its contract and their SQL files; no server is asked'),
  ).action((spec: string, flags: DocumentFlags) =>
    run(async () => (await import('./commands/validate.ts')).validate(spec, flags, surroundings)),
  );
  withDocuments(
    program.command('plan <spec>').description('draw up the plan against the warehouse; writes nothing'),
  ).action((spec: string, flags: DocumentFlags) =>
    run(async () => (await import('./commands/plan.ts')).plan(spec, flags, surroundings)),
  );
  withDocuments(program.command('start <spec>').description('start the backfill'))
    .option('--requested-by <person>', 'who asks for it; default: BACKFILL_USER, then the user of this system')
    .option('--wait', 'stay until it ends or needs a person', false)
    .action((spec: string, flags: DocumentFlags & { requestedBy?: string; wait: boolean; json?: boolean }) =>
      run(async () => {
        const { start } = await import('./commands/start.ts');
        const requestedBy = flags.requestedBy ?? surroundings.user;
        return start(spec, { ...flags, requestedBy, json: flags.json ?? false }, surroundings);
      }),
    );
}

function addReadingCommands(program: Command, run: Run, surroundings: Surroundings): void {
  program
    .command('status <id>')
    .description('what a backfill does, what it waits for, how to undo it')
    .option('--watch', 'go on showing until it ends or needs a person', false)
    .option('--json', 'print one JSON document', false)
    .action((id: string, flags: { watch: boolean; json: boolean }) =>
      run(async () => (await import('./commands/status.ts')).status(id, flags, surroundings)),
    );
  program
    .command('report <id>')
    .description('write the report: what changes, why, what was checked')
    .option('--out <file>', 'HTML, or JSON where the name ends in .json; default: the report folder')
    .option('--json', 'print one JSON document')
    .action((id: string, flags: { out?: string }) =>
      run(async () => (await import('./commands/report.ts')).report(id, flags, surroundings)),
    );
  program
    .command('list')
    .description('every backfill, newest first')
    .option('--json', 'print one JSON document')
    .action(() => run(async () => (await import('./commands/list.ts')).list(surroundings)));
}

function addInstallationCommands(program: Command, run: Run, surroundings: Surroundings): void {
  program
    .command('install')
    .description('migrate the ledger and install the elevated functions of a dataset')
    .requiredOption('--dataset <schema.table>', 'the base table, as its contract names it')
    .option(
      '--admin-url <reference>',
      'env:NAME of a variable with the PostgreSQL URL of an administrator; default: the local stack',
    )
    .option('--contracts <folder>', 'folder of the dataset contracts')
    .option('--print', 'show the script, to be reviewed first; changes nothing', false)
    .option('--worker <role>', 'role that backfills work with; default: that of BACKFILL_WAREHOUSE_URL')
    .option('--ledger-owner <role>', 'role that owns schema governance; nobody logs in as it', 'backfill_ledger')
    .option('--json', 'print one JSON document')
    .action((flags: { dataset: string; print: boolean; ledgerOwner: string }) =>
      run(async () => (await import('./commands/install.ts')).installDataset(flags, surroundings)),
    );
  addAdoption(program, run, surroundings);
  program
    .command('doctor')
    .description('find what terminated runs, changed grants and upgrades left behind')
    .option('--remove <id>', 'remove what this run left; only where its workflow is gone and no reader sees it')
    .option('--json', 'print one JSON document')
    .action((flags: { remove?: string }) =>
      run(async () =>
        flags.remove === undefined
          ? (await import('./commands/doctor.ts')).doctor(surroundings)
          : (await import('./commands/remove.ts')).removeLeftBehind(flags.remove, surroundings),
      ),
    );
  program
    .command('detach <id>')
    .description('take late-write capture off the base table at once; asks no Temporal server')
    .option('--json', 'print one JSON document')
    .action((id: string) => run(async () => (await import('./commands/detach.ts')).detach(id, surroundings)));
  program
    .command('up')
    .description('keep a local stack with the daily-revenue example running until Ctrl-C')
    .option(
      '--events-per-day <n>',
      'size of the example, 100 to 100000; default: what is there, else 2000',
      wholeNumber,
    )
    .option('--no-pipeline', 'without the live pipeline')
    .option('--no-worker', 'without a worker')
    .option('--json', 'print one JSON document', false)
    .action((flags: { eventsPerDay?: number; pipeline: boolean; worker: boolean; json: boolean }) =>
      run(async () => (await import('./commands/up.ts')).up(flags, surroundings)),
    );
}

function addAdoption(program: Command, run: Run, surroundings: Surroundings): void {
  program
    .command('adopt <dataset>')
    .description('bring the readers of a table behind its published view: draws up the script, or checks that all are')
    .option('--plan', 'draw up the script that an administrator reviews and runs; the default; changes nothing', false)
    .option('--check', 'say who still reads past the view, or writes through it', false)
    .option('--keep-name', 'the view takes the name of the table, which gets another one', false)
    .option('--base-name <name>', 'with --keep-name: name of the table afterwards; default: its name and _base')
    .option('--leave <reader>', 'a reader that stays past the view, as the plan names it; may be repeated', collect, [])
    .option('--prove', 'run the script for a try, as administrator, and roll it back', false)
    .option('--out <folder>', 'write adopt.sql, undo.sql and sources.yml there')
    .option('--by <person>', 'who draws it up; default: BACKFILL_USER, then the user of this system')
    .option(
      '--admin-url <reference>',
      'env:NAME of a variable with the PostgreSQL URL of an administrator; default: with --prove the local stack, else the role that backfills work with',
    )
    .option('--contracts <folder>', 'folder of the dataset contracts')
    .option('--worker <role>', 'role that backfills work with; default: that of BACKFILL_WAREHOUSE_URL')
    .option('--ledger-owner <role>', 'role that owns schema governance, where that is missing', 'backfill_ledger')
    .option('--json', 'print one JSON document')
    .action((dataset: string, flags: Omit<AdoptCommandOptions, 'dataset'>) =>
      run(async () => (await import('./commands/adopt.ts')).adopt({ ...flags, dataset }, surroundings)),
    );
}
