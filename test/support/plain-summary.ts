import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule, TestSuite } from 'vitest/node';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * The count of tests in plain words: `3 passed, 1 failed`. Printed, or written as JSON to the file that PLAIN_SUMMARY_FILE names,
 * where another program prints the last line. Whatever kept tests from running counts as failed: a file that does not load,
 * a hook that throws, an error outside any test.
 */
export default class PlainSummary implements Reporter {
  onTestRunEnd(testModules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts: Counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const testModule of testModules) {
      for (const test of testModule.children.allTests()) {
        const { state } = test.result();
        // Pending when the run is over: the worker died under it.
        counts[state === 'pending' ? 'failed' : state] += 1;
      }
      counts.failed += [testModule, ...testModule.children.allSuites()].filter(hasOwnErrors).length;
    }
    const file = process.env['PLAIN_SUMMARY_FILE'];
    if (file) writeFileSync(file, JSON.stringify(counts));
    else process.stdout.write(`${describeCounts(counts)}\n`);
  }
}

function hasOwnErrors(suite: TestModule | TestSuite): boolean {
  return suite.errors().length > 0;
}

function describeCounts({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
