// Compiles the project, copies what is not TypeScript beside it, and bundles the workflows.
// `node scripts/build.mjs [tsconfig]`: by default everything, the tests' types too; `tsconfig.node.json` is what runs.
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { captureCommand, ROOT, runCommand } from './run-command.mjs';

/** Their files other than TypeScript (SQL statements, migrations, seeds) are read beside the compiled code. */
const FOLDERS_WITH_ASSETS = ['src', 'examples'];

/** Resolves to the first failing step as `{ step, output }`, or null. `run` decides what becomes of the output. */
export async function build(tsconfig, run = captureCommand) {
  const compiled = await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-b', tsconfig]);
  if (compiled.code !== 0) return { step: `tsc -b ${tsconfig}`, output: compiled.output };
  for (const folder of FOLDERS_WITH_ASSETS) copyAssets(join(ROOT, folder), join(ROOT, 'dist', folder));
  if (!existsSync(join(ROOT, 'worker/build-bundle.ts'))) return null;
  const bundled = await run(process.execPath, [join(ROOT, 'dist/worker/build-bundle.js')]);
  return bundled.code === 0 ? null : { step: 'node dist/worker/build-bundle.js', output: bundled.output };
}

/** Mirrors: a migration that was deleted must not be run from `dist`. */
function copyAssets(from, to) {
  const wanted = new Set(listAssets(from));
  for (const old of listAssets(to)) if (!wanted.has(old) && !isCompiled(old)) rmSync(join(to, old));
  for (const file of wanted) {
    mkdirSync(dirname(join(to, file)), { recursive: true });
    copyFileSync(join(from, file), join(to, file));
  }
}

function listAssets(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

function isCompiled(file) {
  return file.endsWith('.js') || file.endsWith('.js.map');
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const failure = await build(process.argv[2] ?? 'tsconfig.json', async (command, args) => ({
    code: await runCommand(command, args),
  }));
  if (failure) {
    console.error(
      `The build stopped at \`${failure.step}\`: correct what it printed above, then run \`npm run build\`.`,
    );
    process.exitCode = 1;
  }
}
