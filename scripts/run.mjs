// `node scripts/run.mjs <entry below dist> [arguments]`: prepares the clone, then runs that entry with its exit code.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { prepareOrExit } from './prepare.mjs';
import { exitCode, ROOT } from './run-command.mjs';

const [entry, ...args] = process.argv.slice(2);
if (entry === undefined) {
  console.error('Name what to run, as a path below dist: node scripts/run.mjs src/cli/main.js status my-backfill');
  process.exit(2);
}

await prepareOrExit();
const child = spawn(process.execPath, ['--enable-source-maps', join(ROOT, 'dist', entry), ...args], {
  stdio: 'inherit',
});

// A terminal sends Ctrl-C to the whole process group: passing it on too would make it a second one, which means "at once".
const fromTerminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
process.on('SIGINT', () => {
  if (!fromTerminal) child.kill('SIGINT');
});
process.on('SIGTERM', () => child.kill('SIGTERM'));

child.once('error', (error) => {
  console.error(`${entry} could not be started: ${error.message}`);
  process.exit(1);
});
child.once('exit', (code, signal) => process.exit(exitCode(code, signal)));
