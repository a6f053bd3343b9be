import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { StackFile } from '../../src/local/stack-file.ts';
import { readStackFile, removeStackFile, stackFolder, writeStackFile } from '../../src/local/stack-file.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const content: StackFile = {
  temporalAddress: '127.0.0.1:7233',
  temporalNamespace: 'default',
  temporalUi: 'http://127.0.0.1:8233',
  warehouseUrl: 'postgres://worker:secret@127.0.0.1:5432/warehouse',
  adminUrl: 'postgres://app:secret@127.0.0.1:5432/postgres',
  reviewUrl: null,
  contracts: '/contracts',
};

test('the stack file is read back as it was written, by its owner alone', () => {
  const folder = stackFolder(temporaryFolder());
  expect(readStackFile(folder)).toBeNull();
  writeStackFile(folder, content);
  writeStackFile(folder, content);
  expect(readStackFile(folder)).toEqual(content);
  expect(statSync(join(folder, 'stack.json')).mode & 0o777).toBe(0o600);
  removeStackFile(folder);
  expect(readStackFile(folder)).toBeNull();
});

test.each([
  ['{"temporalAddress":', 'the whole file: Invalid input'],
  [JSON.stringify({ ...content, warehouseUrl: 5432, contracts: undefined }), 'warehouseUrl: Invalid input'],
])('a file that is not a stack is refused by name: %s', (text, problem) => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'stack.json'), text);
  expect(() => readStackFile(folder)).toThrow(`${join(folder, 'stack.json')} does not describe a stack (${problem}`);
  expect(() => readStackFile(folder)).toThrow('npm run up');
});
