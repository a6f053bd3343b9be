import { describe, expect, it } from 'vitest';
import { commandError } from '../../src/cli/command-result.ts';
import type { KnownStatus } from '../../src/cli/read-status.ts';
import type { Surroundings } from '../../src/cli/surroundings.ts';
import { watchStatus } from '../../src/cli/watch-status.ts';
import type { StatusView } from '../../src/domain/status-view.ts';
import { viewOf } from './views.ts';

function known(different: Partial<StatusView>, isLive = true): KnownStatus {
  return { view: viewOf(different), isLive, isOrphaned: false, runId: null };
}

/** Watches what `looks` give one after the other; an error is thrown at its turn. */
async function watched(looks: readonly (KnownStatus | Error)[], given: Partial<Surroundings> = {}) {
  let shown = '';
  let noted = '';
  const queue = [...looks];
  const surroundings: Surroundings = {
    env: {},
    cwd: '/',
    user: null,
    now: () => new Date('2026-06-15T10:00:00Z'),
    isTerminal: false,
    width: 80,
    isColoured: false,
    show: (text) => void (shown += text),
    note: (line) => void (noted += `${line}\n`),
    interrupted: new AbortController().signal,
    ...given,
  };
  const look = async (): Promise<KnownStatus> => {
    const next = queue.shift();
    if (next === undefined) throw new Error('watched on after the end');
    if (next instanceof Error) throw next;
    return next;
  };
  const temporal = {
    temporal: { address: 'x:1', namespace: 'default', source: 'default', ui: null, connectionOptions: () => ({}) },
  } as const;
  return { last: await watchStatus(look, temporal, false, surroundings), shown: () => shown, noted: () => noted };
}

describe('watching', () => {
  it('says a line whenever something changed, until a person is needed', async () => {
    const same = known({ status: 'reconciling' });
    const { last, shown } = await watched([known({}), same, same, known({ status: 'awaitingApproval' })]);
    expect(last.view.status).toBe('awaitingApproval');
    expect(shown()).toMatchInlineSnapshot(`
      "2026-06-15T10:00:00.000Z  building  126/547 partitions, 18/79 batches
      2026-06-15T10:00:00.000Z  reconciling  126/547 partitions, 18/79 batches
      "
    `);
  });

  it('draws over itself on a terminal and leaves nothing behind', async () => {
    const { shown } = await watched([known({}), known({ status: 'completed' })], { isTerminal: true });
    const picture = shown().split('\u001b')[0] ?? '';
    expect(picture).toContain('126/547 partitions');
    const rows = picture.trimEnd().split('\n').length;
    expect(shown()).toBe(`${picture}\u001b[${rows}A\u001b[J`);
  });

  it('counts the rows that a long line takes', async () => {
    const waitingOn = { reason: 'x'.repeat(100), since: '2026-06-15T09:00:00.000Z' };
    const { shown } = await watched([known({ waitingOn }), known({ status: 'completed' })], {
      isTerminal: true,
      width: 80,
    });
    const picture = shown().split('\u001b')[0] ?? '';
    expect(shown()).toContain(`\u001b[${picture.trimEnd().split('\n').length + 1}A`);
  });

  it('goes on where the server is away for a moment, and stops where the id is unknown', async () => {
    const away = await watched([known({}), new Error('no server'), known({ status: 'completed' })]);
    expect(away.noted()).toBe('no server; watching goes on\n');
    expect(away.shown()).toContain('no worker answered');
    await expect(watched([known({}), commandError(2, 'no backfill "x"')])).rejects.toThrow('no backfill "x"');
  });

  it('ends at Ctrl-C with what was seen last', async () => {
    const { last } = await watched([known({ status: 'proving' })], { interrupted: AbortSignal.abort() });
    expect(last.view.status).toBe('proving');
  });
});
