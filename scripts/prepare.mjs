// Makes a fresh clone runnable: installs the packages and builds, each only where something changed.
// `node scripts/prepare.mjs [--quiet]`; prints nothing to stdout, so a command's JSON stays alone there.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from './build.mjs';
import { withProcessLock } from './process-lock.mjs';
import { captureCommand, ROOT } from './run-command.mjs';

const SOURCE_FOLDERS = ['bench', 'activities', 'examples', 'src', 'worker', 'workflows'];
const BUILD_INPUTS = /^(tsconfig(\.base|\.pure|\.node)?\.json|package-lock\.json)$/;
const INSTALL_STAMP = join(ROOT, 'node_modules/.installed');
const BUILD_STAMP = join(ROOT, 'dist/.built');
const LOCK = join(ROOT, '.backfill/prepare.lock');

/** Throws one sentence and the tool's own output where a step fails. `log` gets one line for each step that has work. */
export async function prepare(log = (line) => console.error(line)) {
  if (isInstalled() && isBuilt()) return;
  mkdirSync(join(ROOT, '.backfill'), { recursive: true });
  await withProcessLock(LOCK, installAndBuild.bind(null, log), (pid) =>
    log(`Waiting for process ${pid}, which is preparing this folder`),
  );
}

async function installAndBuild(log) {
  if (!isInstalled()) {
    if (!holdsLockedPackages()) await install(log);
    writeStamp(INSTALL_STAMP, installFingerprint());
  }
  const sources = buildFingerprint();
  if (readStamp(BUILD_STAMP) === sources) return;
  log('Building');
  rmSync(BUILD_STAMP, { force: true });
  const failure = await build('tsconfig.node.json');
  if (failure)
    throw new Error(`The build failed at \`${failure.step}\`; correct what it says and try again:\n${failure.output}`);
  writeStamp(BUILD_STAMP, sources);
}

/**
 * `npm ci` refuses a lock file that lacks packages of other platforms, as one does that was written where the registry has only some of them;
 * it names them without a version. Those are not needed here, and `npm install --no-save` takes every other version from the lock file too.
 */
async function install(log) {
  log('Installing packages (npm ci)');
  const options = ['--ignore-scripts', '--no-audit', '--no-fund'];
  let result = await npm('ci', ...options);
  if (result.code !== 0 && lacksOnlyOtherPlatforms(result.output))
    result = await npm('install', '--no-save', ...options);
  if (result.code === 0) return;
  throw new Error(
    `\`npm ci\` failed with exit code ${result.code}; correct what it says and try again:\n${result.output}`,
  );
}

function lacksOnlyOtherPlatforms(output) {
  const complaints = output.split('\n').filter((line) => /(Missing|Invalid): /.test(line));
  return complaints.length > 0 && complaints.every((line) => /Missing: \S+@ from lock file/.test(line));
}

function npm(...args) {
  return captureCommand(process.platform === 'win32' ? 'npm.cmd' : 'npm', args);
}

function isInstalled() {
  return readStamp(INSTALL_STAMP) === installFingerprint();
}

function isBuilt() {
  return readStamp(BUILD_STAMP) === buildFingerprint();
}

/** A person may have installed with npm directly: what npm recorded then is compared with the lock file, less other platforms' packages. */
function holdsLockedPackages() {
  const record = join(ROOT, 'node_modules/.package-lock.json');
  if (!existsSync(record) || existsSync(INSTALL_STAMP)) return false;
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages;
  const locked = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
  const complete = Object.entries(locked).every(
    ([path, { version, optional }]) =>
      path === '' || (installed[path]?.version ?? (optional ? version : null)) === version,
  );
  return complete && Object.keys(installed).every((path) => path in locked);
}

function installFingerprint() {
  return `${sha256()
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex')} node ${process.version}`;
}

/** Content, not times: a checkout or a copy changes times and nothing else. Some hundred small files take about 10 ms. */
function buildFingerprint() {
  const hash = sha256();
  const top = readdirSync(ROOT).filter((name) => BUILD_INPUTS.test(name));
  for (const file of [...top, 'scripts/build.mjs', ...SOURCE_FOLDERS.flatMap(listFiles)].sort()) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(ROOT, file)))
      .update('\0');
  }
  return hash.digest('hex');
}

function listFiles(folder) {
  if (!existsSync(join(ROOT, folder))) return [];
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length));
}

function sha256() {
  return createHash('sha256');
}

function readStamp(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

function writeStamp(file, content) {
  writeFileSync(`${file}.${process.pid}`, content);
  renameSync(`${file}.${process.pid}`, file);
}

/** For scripts that cannot go on without: prints the reason and ends the process with exit code 1. */
export async function prepareOrExit(log) {
  try {
    await prepare(log);
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await prepareOrExit(process.argv.includes('--quiet') ? () => undefined : undefined);
}
