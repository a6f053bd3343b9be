import { createServer } from 'node:net';
import { once } from 'node:events';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { inspectProcess } from '../../src/local/process-table.ts';
import type { Stack } from '../../src/local/stack.ts';
import { startStack } from '../../src/local/stack.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

async function start(folder: string, env: NodeJS.ProcessEnv): Promise<Stack> {
  const stack = await startStack({ folder, log: () => undefined, env });
  onTestFinished(() => stack.stop());
  return stack;
}

/** Both servers of our own are covered beside their own tests; here the run's Temporal stands in, so that only PostgreSQL starts. */
function withSharedTemporal(): NodeJS.ProcessEnv {
  return { TEMPORAL_ADDRESS: inject('temporalAddress') };
}

describe('the local stack', () => {
  test('keeps its ports over a restart, except one that somebody took meanwhile', async () => {
    const folder = temporaryFolder();
    const first = await start(folder, {});
    await first.stop();
    const squatter = createServer().listen(first.postgres.port, '127.0.0.1');
    onTestFinished(() => void squatter.close());
    await once(squatter, 'listening');

    const second = await start(folder, {});
    expect(second.temporalAddress).toBe(first.temporalAddress);
    expect(second.temporalUi).toBe(first.temporalUi);
    expect(second.postgres.port).not.toBe(first.postgres.port);
  });

  test('has one keeper at a time, who is named to the second', async () => {
    const folder = temporaryFolder();
    const stack = await start(folder, withSharedTemporal());
    await expect(start(folder, withSharedTemporal())).rejects.toThrow(
      `The stack in ${folder} is kept by process ${process.pid} already.`,
    );
    await stack.stop();
    await start(folder, withSharedTemporal());
  });

  test('stops what it started if the other part fails, and can be tried again', async () => {
    const folder = temporaryFolder();
    const running = await start(folder, withSharedTemporal());
    await running.stop();
    await expect(start(folder, { TEMPORAL_ADDRESS: '127.0.0.1:1' })).rejects.toThrow(
      'TEMPORAL_ADDRESS names 127.0.0.1:1',
    );
    const again = await start(folder, withSharedTemporal());
    expect(again.postgres.how).toBe('started');
    expect(again.temporalUi).toBeNull();
    await again.stop();
    expect(inspectProcess(again.postgres.pid)).toBeNull();
  });
});
