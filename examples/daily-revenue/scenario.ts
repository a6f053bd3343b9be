import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Days published by the wrong rules; both ends are inclusive. */
export const WRONG_DAYS = { first: '2024-12-01', last: '2026-05-31' } as const;

/** The same days as the half-open range that statements take. */
export const WRONG_RANGE = { start: WRONG_DAYS.first, end: '2026-06-01' } as const;

/** Folder of the scenario's SQL and YAML files, which the compiler does not copy beside the compiled code. */
export const SCENARIO_FOLDER = join(projectRoot(import.meta.dirname), 'examples', 'daily-revenue');

/** Text of one file of the scenario, named relative to its folder. */
export async function readScenarioFile(name: string): Promise<string> {
  return readFile(join(SCENARIO_FOLDER, name), 'utf8');
}

function projectRoot(from: string): string {
  if (existsSync(join(from, 'package.json'))) return from;
  const parent = dirname(from);
  if (parent === from)
    throw new Error(`no package.json in any folder above ${import.meta.dirname}: the checkout is incomplete`);
  return projectRoot(parent);
}
