// `node scripts/run.mjs <entry below dist> [arguments]`: prepares the clone, then runs that entry with its exit code.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setInterval } from 'node:timers';
import { prepareOrExit } from './prepare.mjs';
import { exitCode, ROOT } from './run-command.mjs';

const [entry, ...args] = process.argv.slice(2);
if (entry === undefined) {
  console.error('Name what to run, as a path below dist: node scripts/run.mjs src/cli/main.js status my-backfill');
  process.exit(2);
}

const startedBy = process.ppid;
await prepareOrExit();
const child = spawn(process.execPath, ['--enable-source-maps', join(ROOT, 'dist', entry), ...args], {
  stdio: 'inherit',
});

// A terminal sends Ctrl-C to the whole process group: passing it on too would make it a second one, which means "at once".
const fromTerminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
let isEnding = false;
const passOn = (signal) => {
  isEnding = true;
  child.kill(signal);
};
process.on('SIGINT', () => {
  if (!fromTerminal) passOn('SIGINT');
});
process.on('SIGTERM', () => passOn('SIGTERM'));
process.on('SIGHUP', () => passOn('SIGHUP'));

// npm that is ended with SIGTERM passes it to nobody that matters here: its death is all that can be noticed. Whoever starts this
// script without npm, in the background for instance, may leave it alone.
const LOOK_EVERY_MS = 500;
if (process.env.npm_lifecycle_event !== undefined)
  setInterval(() => {
    if (process.ppid !== startedBy && !isEnding) passOn('SIGTERM');
  }, LOOK_EVERY_MS).unref();

child.once('error', (error) => {
  console.error(`${entry} could not be started: ${error.message}`);
  process.exit(1);
});
child.once('exit', (code, signal) => process.exit(exitCode(code, signal)));
