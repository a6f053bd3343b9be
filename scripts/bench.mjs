// `node scripts/bench.mjs <bench> [--json] [--write] [options]`: prepares the clone, then measures.
// Each file directly in bench/ is one bench.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { prepareOrExit } from './prepare.mjs';
import { ROOT, runCommand } from './run-command.mjs';

const benches = readdirSync(join(ROOT, 'bench'))
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.slice(0, -'.ts'.length));
const [bench, ...args] = process.argv.slice(2);
if (!benches.includes(bench)) {
  const said = bench === undefined ? 'Name what to measure' : `There is no bench ${bench}`;
  console.error(`${said}: npm run bench -- <${benches.join('|')}> [--json] [--write]`);
  process.exit(2);
}

await prepareOrExit();
const entry = join(ROOT, 'dist/bench', `${bench}.js`);
// Ctrl-C reaches the bench too, and it stops its servers: this process has only to outlive it.
process.on('SIGINT', () => undefined);
process.exitCode = await runCommand(process.execPath, ['--enable-source-maps', entry, ...args]);
