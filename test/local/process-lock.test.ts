import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { tryProcessLock } from '../../src/local/process-lock.ts';
import { inspectProcess } from '../../src/local/process-table.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { compiled, killOutright, runUntilFirstLine } from './run-compiled.ts';
import { makeZombie } from './zombie.ts';

async function holderOf(file: string) {
  return runUntilFirstLine<number>(`
    const { tryProcessLock } = await import('${compiled}src/local/process-lock.js');
    tryProcessLock('${file}');
    console.log(process.pid);
    setInterval(() => undefined, 60_000);`);
}

describe('a lock between processes', () => {
  test('is refused, with its owner named, while that process lives, and taken over when it was killed', async () => {
    const file = join(temporaryFolder(), 'a.lock');
    const { child, line: pid } = await holderOf(file);
    expect(tryProcessLock(file)).toMatchObject({ held: false, owner: { pid } });

    await killOutright(child);
    expect(tryProcessLock(file).held).toBe(true);
  });

  test('is free again once released', () => {
    const file = join(temporaryFolder(), 'a.lock');
    const lock = tryProcessLock(file);
    expect(tryProcessLock(file).held).toBe(false);
    if (lock.held) lock.release();
    expect(existsSync(file)).toBe(false);
    expect(tryProcessLock(file).held).toBe(true);
  });

  test.each([
    ['a pid that another process has now', () => JSON.stringify({ pid: process.pid, startedAt: '1' })],
    ['a file that was cut short', () => '{"pid":12'],
  ])('binds nobody if it holds %s', (_, content) => {
    const file = join(temporaryFolder(), 'a.lock');
    writeFileSync(file, content());
    expect(tryProcessLock(file).held).toBe(true);
  });

  test.runIf(process.platform === 'linux')('binds nobody if its owner is a zombie', async () => {
    const file = join(temporaryFolder(), 'a.lock');
    const pid = await makeZombie();
    expect(inspectProcess(pid)).toBeNull();
    writeFileSync(file, JSON.stringify({ pid, startedAt: '1' }));
    const lock = tryProcessLock(file);
    onTestFinished(() => (lock.held ? lock.release() : undefined));
    expect(lock.held).toBe(true);
  });
});
