import { ESLint } from 'eslint';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT, readProjectFile } from './project-files.ts';

/** The types come from the real file that the planted text stands in for. */
async function rulesBroken(path: string, text: string): Promise<string[]> {
  const [result] = await new ESLint({ cwd: ROOT }).lintText(text, { filePath: join(ROOT, path) });
  return [...new Set((result?.messages ?? []).map(({ ruleId }) => ruleId ?? 'does not parse'))].sort();
}

it('an activity that is started and not awaited is an error', async () => {
  const path = 'workflows/through-gate.ts';
  const forgotten = `import type { Run } from './run.ts';
export function forget(run: Run): void {
  run.on.light.awaitGate({ ...run.ref, limits: run.state.limits });
}
`;
  expect(await rulesBroken(path, readProjectFile(path))).toEqual([]);
  expect(await rulesBroken(path, forgotten)).toEqual(['@typescript-eslint/no-floating-promises']);
});

it('replayed code that names a package of the outside is an error in the editor already', async () => {
  const text = `import { randomUUID } from 'node:crypto';\nexport const id = randomUUID();\n`;
  expect(await rulesBroken('workflows/through-gate.ts', text)).toContain('no-restricted-imports');
});

it('a switch that misses a case, an import of types that still loads the module and a function beyond a screen are errors', async () => {
  const long = Array.from({ length: 75 }, (_, line) => `  list.push(${line});`).join('\n');
  const text = `import { type BackfillStatus } from './status.ts';
export function word(shape: 'plain' | 'armed'): string | undefined {
  switch (shape) {
    case 'plain':
      return 'plain';
  }
  return undefined;
}
export function fill(list: number[], status: BackfillStatus): BackfillStatus {
${long}
  return status;
}
`;
  expect(await rulesBroken('src/domain/parties.ts', text)).toEqual([
    '@typescript-eslint/no-import-type-side-effects',
    '@typescript-eslint/switch-exhaustiveness-check',
    'max-lines-per-function',
  ]);
});
