/** One planted violation a rule: the file that commits it and what it says. Types alone are enough to count. */
export const VIOLATIONS: Readonly<Record<string, { readonly file: string; readonly text: string }>> = {
  'domain-sees-inwards-only': planted('src/domain', '../spec/clean.ts'),
  'telemetry-sees-inwards-only': planted('src/telemetry', '../config/clean.ts'),
  'spec-sees-inwards-only': planted('src/spec', '../ledger/clean.ts'),
  'config-sees-inwards-only': planted('src/config', '../cli/clean.ts'),
  'protocol-sees-inwards-only': planted('src/protocol', '../spec/clean.ts'),
  'workflows-sees-inwards-only': planted('workflows', '../src/warehouse/clean.ts'),
  'warehouse-sees-inwards-only': planted('src/warehouse', '../ledger/clean.ts'),
  'ledger-sees-inwards-only': planted('src/ledger', '../planning/clean.ts'),
  'planning-sees-inwards-only': planted('src/planning', '../report/clean.ts'),
  'report-sees-inwards-only': planted('src/report', '../client/clean.ts'),
  'activities-sees-inwards-only': planted('activities', '../src/client/clean.ts'),
  'client-sees-inwards-only': planted('src/client', '../ledger/clean.ts'),
  'local-sees-inwards-only': planted('src/local', '../cli/clean.ts'),
  'cli-sees-inwards-only': planted('src/cli', '../../scripts/clean.ts'),
  'worker-sees-inwards-only': planted('worker', '../src/cli/clean.ts'),
  'examples-sees-inwards-only': planted('examples', '../src/domain/clean.ts'),
  'pg-is-named-at-its-edge': planted('src/report', 'pg'),
  'zod-is-named-at-its-edge': planted('activities', 'zod'),
  'yaml-is-named-at-its-edge': planted('src/cli', 'yaml'),
  'commander-is-named-at-its-edge': planted('src/client', 'commander'),
  'picocolors-is-named-at-its-edge': planted('src/report', 'picocolors'),
  'temporal-workflow-is-named-at-its-edge': planted('src/cli', '@temporalio/workflow'),
  'temporal-activity-is-named-at-its-edge': planted('src/ledger', '@temporalio/activity'),
  'temporal-worker-is-named-at-its-edge': planted('activities', '@temporalio/worker'),
  'temporal-client-is-named-at-its-edge': planted('activities', '@temporalio/client'),
  'temporal-envconfig-is-named-at-its-edge': planted('src/client', '@temporalio/envconfig'),
  'nothing-imports-worker': planted('src/cli', '../../worker/clean.ts'),
  'only-worker-imports-activities': planted('src/local', '../../activities/clean.ts'),
  'only-the-bundle-holds-workflows': planted('src/client', '../../workflows/clean.ts'),
  'replayed-code-is-pure': planted('src/protocol', 'node:crypto'),
  'no-cycles': {
    file: 'src/spec/chicken.ts',
    text: "import type { Egg } from './egg.ts';\nexport type Chicken = Egg;\n",
  },
  'no-orphans': { file: 'src/spec/orphan.ts', text: 'export const alone = 1;\n' },
  'no-unresolvable': planted('src/spec', './nowhere.ts'),
  'no-development-packages': planted('src/telemetry', 'vitest'),
};

/** Imports that the rules allow, beside the violations: none of them may be named. */
export const ALLOWED: Readonly<Record<string, string>> = {
  'src/warehouse/allowed.ts': importOf('../spec/sql-parameters.ts'),
  'src/local/demo.ts': importOf('../../worker/clean.ts') + importOf('../cli/clean.ts', 'B'),
  'workflows/allowed.ts': importOf('@temporalio/workflow') + importOf('../src/protocol/clean.ts', 'B'),
  'worker/allowed.ts': importOf('../activities/clean.ts') + importOf('@temporalio/worker', 'B'),
};

/** What the planted files import: a folder of every layer, and the other half of the cycle. */
export const SURROUNDINGS: Readonly<Record<string, string>> = {
  'src/spec/egg.ts': "import type { Chicken } from './chicken.ts';\nexport type Egg = Chicken | null;\n",
  'src/spec/sql-parameters.ts': 'export interface A { readonly a: 1 }\n',
};

export const PACKAGES = [
  'pg',
  'zod',
  'yaml',
  'commander',
  'picocolors',
  '@temporalio/workflow',
  '@temporalio/activity',
  '@temporalio/worker',
  '@temporalio/client',
  '@temporalio/envconfig',
] as const;

function planted(folder: string, target: string): { file: string; text: string } {
  return { file: `${folder}/sees-${target.replace(/[^a-z]+/g, '-')}.ts`, text: importOf(target) };
}

function importOf(target: string, as = 'A'): string {
  return `import type { A as ${as}From } from '${target}';\nexport type ${as}Seen = ${as}From;\n`;
}
