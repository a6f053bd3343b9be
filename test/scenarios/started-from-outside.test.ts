import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { findTemporal } from '../../src/local/find-temporal.ts';
import type { StatusView } from '../../src/domain/status-view.ts';
import { waitFor } from '../support/wait-for.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

const run = promisify(execFile);
const SPEC = new URL('../../examples/daily-revenue/backfill.yaml', import.meta.url);

describe('started and steered without our CLI', () => {
  let world: World;
  let folder: string;
  beforeAll(async () => {
    world = await createWorld();
    folder = await mkdtemp(join(tmpdir(), 'backfill-start-'));
    await world.startWorker();
  });
  afterAll(async () => {
    await world.end();
    await rm(folder, { recursive: true, force: true });
  });

  it('takes the bare spec as JSON, as a person pastes it into the start form, with `temporal workflow start --input-file`', async () => {
    const spec = parse(await readFile(SPEC, 'utf8')) as Record<string, unknown>;
    const file = join(folder, 'spec.json');
    await writeFile(file, JSON.stringify({ ...spec, backfill_id: 'from-the-cli' }, null, 2));
    const { path } = await findTemporal();
    const temporal = (...args: string[]) => run(path, [...args, '--address', inject('temporalAddress')]);
    await temporal(
      'workflow',
      'start',
      '--type',
      'controlledBackfill',
      '--task-queue',
      world.taskQueue,
      '--workflow-id',
      'backfill-from-the-cli',
      '--input-file',
      file,
      '--fail-existing',
    );
    const handle = world.client.workflow.getHandle('backfill-from-the-cli');
    const status = () => handle.query<StatusView>('status');
    const waiting = await waitFor(async () => ((await status()).status === 'awaitingApproval' ? status() : null), {
      timeoutMs: 60_000,
      describe: 'approval to be awaited',
    });
    expect(waiting.requestedBy).toBe('finance-data');
    expect(waiting.batches.total).toBe(79);

    const update = (name: string, input: unknown) =>
      temporal(
        'workflow',
        'update',
        'execute',
        '--workflow-id',
        'backfill-from-the-cli',
        '--name',
        name,
        '--input',
        JSON.stringify(input),
      );
    await expect(update('approve', { by: 'finance-controller', digest: 'abcdefabcdef' })).rejects.toThrow(
      /the digest is not that of the present evidence/,
    );
    await temporal(
      'workflow',
      'signal',
      '--workflow-id',
      'backfill-from-the-cli',
      '--name',
      'abort',
      '--input',
      '{"by": "oncall", "reason": "rehearsal"}',
    );
    expect(await handle.result()).toMatchObject({ status: 'aborted' });
  });
});
