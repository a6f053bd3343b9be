import { defineConfig } from 'vitest/config';

/** Pure suites need no server; the others share one PostgreSQL and one Temporal server that the global set-up starts. */
export default defineConfig({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    include: ['test/**/*.test.ts'],
    exclude: ['test/architecture/fixtures/**'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['default', './test/support/plain-summary.ts'],
  },
});
