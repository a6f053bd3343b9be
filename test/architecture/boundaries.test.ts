import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { ICruiseResult, IFlattenedRuleSet } from 'dependency-cruiser';
import { cruise } from 'dependency-cruiser';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { ROOT } from './project-files.ts';
import { ALLOWED, PACKAGES, SURROUNDINGS, VIOLATIONS } from './violations.ts';

interface Rules extends IFlattenedRuleSet {
  readonly forbidden: { readonly name: string }[] & NonNullable<IFlattenedRuleSet['forbidden']>;
  readonly options: object;
}

const RULES = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as Rules;
const FOLDERS = ['src', 'workflows', 'activities', 'worker', 'examples'];

describe('the import rules', () => {
  it('name every planted violation by its rule, and nothing that is allowed', async () => {
    const folder = temporaryFolder();
    plantTree(folder);
    const found = await violationsIn(folder);
    const silent = Object.entries(VIOLATIONS)
      .filter(([rule, { file }]) => !found.some((one) => one.rule === rule && one.from === file))
      .map(([rule]) => rule);
    expect(silent).toEqual([]);
    expect(found.filter(({ from }) => from in ALLOWED)).toEqual([]);
  });

  it('have a planted violation each', () => {
    expect(Object.keys(VIOLATIONS).sort()).toEqual(RULES.forbidden.map(({ name }) => name).sort());
  });

  it('hold for the project', async () => {
    expect(await violationsIn(ROOT)).toEqual([]);
  });
});

async function violationsIn(baseDir: string): Promise<{ rule: string; from: string; to: string }[]> {
  const { forbidden, options } = RULES;
  const { output } = await cruise(FOLDERS, { ...options, baseDir, validate: true, ruleSet: { forbidden } });
  return (output as ICruiseResult).summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to }));
}

/** The planted files beside a clean one in every folder, and packages to import. */
function plantTree(folder: string): void {
  const plant = (file: string, text: string): void => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  const files = { ...SURROUNDINGS, ...ALLOWED };
  for (const { file, text } of Object.values(VIOLATIONS)) files[file] = text;
  for (const [file, text] of Object.entries(files)) plant(file, text);
  for (const inFolder of new Set([...Object.keys(files).map(dirname), 'scripts']))
    plant(`${inFolder}/clean.ts`, 'export interface A { readonly a: 1 }\n');
  for (const name of [...PACKAGES, 'vitest']) {
    plant(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' }));
    plant(`node_modules/${name}/index.js`, '');
  }
  const dependencies = Object.fromEntries(PACKAGES.map((name) => [name, '1.0.0']));
  plant(
    'package.json',
    JSON.stringify({ name: 'planted', type: 'module', dependencies, devDependencies: { vitest: '1.0.0' } }),
  );
}
