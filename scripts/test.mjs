// `node scripts/test.mjs [vitest arguments]`: prepares the clone and runs the tests. The last line is plain, for people and CI:
// `N passed, N failed`, with `, N skipped` where some were.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare } from './prepare.mjs';
import { ROOT, runCommand } from './run-command.mjs';

const REPORTER = './test/support/plain-summary.ts';

async function runTests(args) {
  await prepare();
  const folder = mkdtempSync(join(tmpdir(), 'backfill-test-'));
  const summaryFile = join(folder, 'summary.json');
  // A reporter named on the command line replaces the configured ones, and with them the one that counts.
  const reporters = args.some((arg) => arg.startsWith('--reporter')) ? [`--reporter=${REPORTER}`] : [];
  try {
    const vitest = [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', ...args, ...reporters];
    const code = await runCommand(process.execPath, vitest, {
      env: { ...process.env, PLAIN_SUMMARY_FILE: summaryFile },
    });
    return { code, counts: readCounts(summaryFile) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Without a summary the run did not get as far as its end: the tests failed, whatever else is known. */
function readCounts(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return { passed: 0, failed: 1, skipped: 0 };
    throw error;
  }
}

let result;
try {
  result = await runTests(process.argv.slice(2));
} catch (error) {
  console.error(error.message);
  result = { code: 1, counts: { passed: 0, failed: 1, skipped: 0 } };
}
const { passed, skipped } = result.counts;
const failed = result.code === 0 ? result.counts.failed : Math.max(1, result.counts.failed);
process.exitCode = failed > 0 && result.code === 0 ? 1 : result.code;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
