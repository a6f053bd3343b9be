import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { ROOT } from './project-files.ts';

/** Each line is legal TypeScript on Node and must not compile where code is replayed. */
const PLANTED = `import type { Session } from '../src/warehouse/adapter.ts';
export const environment = process.env;
export const timer = setTimeout(() => undefined, 1);
export const said = console.log('x');
export const bytes = Buffer.from('x');
export const page = fetch('http://127.0.0.1');
export const link = new URL('http://127.0.0.1');
export type Adapter = Session;
`;

it('the project of replayed code has no Node, no timers, no console and no adapter', async () => {
  // Inside the project: packages are found by walking up, as they are for the real files.
  mkdirSync(join(ROOT, '.backfill'), { recursive: true });
  const folder = mkdtempSync(join(ROOT, '.backfill/pure-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const path of ['tsconfig.base.json', 'tsconfig.pure.json', 'src/domain', 'src/protocol', 'workflows'])
    cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  mkdirSync(join(folder, 'src/warehouse'));
  writeFileSync(join(folder, 'src/warehouse/adapter.ts'), 'export interface Session { readonly pid: number }\n');
  writeFileSync(join(folder, 'workflows/planted.ts'), PLANTED);
  const errors = (await compile(folder)).split('\n').filter((line) => line.includes('error TS'));
  expect(errors.filter((line) => !line.startsWith('workflows/planted.ts'))).toEqual([]);
  expect(
    errors.map((line) => line.replace(/^[^(]*\((\d+),\d+\): error (TS\d+): (Cannot find name '\w+')?.*$/, '$1 $2 $3')),
  ).toMatchInlineSnapshot(`
      [
        "1 TS6307 ",
        "2 TS2591 Cannot find name 'process'",
        "3 TS2304 Cannot find name 'setTimeout'",
        "4 TS2584 Cannot find name 'console'",
        "5 TS2591 Cannot find name 'Buffer'",
        "6 TS2304 Cannot find name 'fetch'",
        "7 TS2304 Cannot find name 'URL'",
      ]
    `);
});

async function compile(folder: string): Promise<string> {
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  const run = promisify(execFile)(process.execPath, [compiler, '-p', 'tsconfig.pure.json', '--pretty', 'false'], {
    cwd: folder,
  });
  return run.then(
    ({ stdout }) => stdout,
    (error: unknown) => (error as { stdout: string }).stdout,
  );
}
