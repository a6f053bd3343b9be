import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import * as registered from '../../workflows/index.ts';
import { ROOT } from './project-files.ts';

const BUNDLE = join(ROOT, 'dist/workflow-bundle.js');
/** The workflow API alone is 1.6 MB; the whole of zod would add 1.05 MB. */
const BUDGET_BYTES = 2_300_000;

describe('the workflow bundle', () => {
  let code: string;
  beforeAll(() => {
    if (!existsSync(BUNDLE)) throw new Error('dist/workflow-bundle.js is missing: run `npm run build`');
    code = readFileSync(BUNDLE, 'utf8');
  });

  it('registers the workflows that are meant to be started, and no helper', () => {
    expect(Object.keys(registered)).toEqual(['controlledBackfill']);
  });

  it('stays within its budget', () => {
    expect(statSync(BUNDLE).size).toBeLessThan(BUDGET_BYTES);
  });

  it('holds our workflow and none of the packages or folders that replay must not depend on', () => {
    const sources = modulesIn(code);
    expect(sources).toContain('./dist/workflows/controlled-backfill.js');
    const foreign = /node_modules\/(zod|pg|yaml|commander)\/|dist\/(src\/(?!domain|protocol)|activities|worker)/;
    expect(sources.filter((source) => foreign.test(source))).toEqual([]);
    expect(foreign.test('./node_modules/zod/index.js') && foreign.test('./dist/src/spec/reader.js')).toBe(true);
  });
});

/** The modules of the bundle by the path that webpack gave them. */
function modulesIn(code: string): string[] {
  return [...code.matchAll(/^\/\*\*\*\/ "([^"]+)"/gm)].map(([, path]) => path ?? '');
}
