import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { isFinal } from '../domain/status.ts';
import { EXIT } from './exit-codes.ts';
import { isCommandError } from './command-result.ts';
import type { KnownStatus } from './read-status.ts';
import { exitCodeOfKnown } from './read-status.ts';
import { paintFor } from './render/paint.ts';
import { renderStatus, statusLine } from './render/status.ts';
import type { Surroundings } from './surroundings.ts';
import { linkTo } from './with-temporal.ts';

/** Often enough to look alive, and a query costs a worker a few milliseconds. */
const EVERY_MS = 1_000;

/** Looks once a second until the run ends, needs a person, or somebody presses Ctrl-C; resolves to what was seen last. */
export async function watchStatus(
  look: () => Promise<KnownStatus>,
  config: Pick<Config, 'temporal'>,
  isQuiet: boolean,
  surroundings: Surroundings,
): Promise<KnownStatus> {
  const { interrupted } = surroundings;
  const display = isQuiet
    ? null
    : surroundings.isTerminal
      ? liveDisplay(config, surroundings)
      : lineDisplay(surroundings);
  let known = await look();
  for (;;) {
    if (isOver(known) || interrupted.aborted) {
      display?.clear();
      return known;
    }
    display?.update(known);
    // Aborted: the next look is the last one.
    await delay(EVERY_MS, undefined, { signal: interrupted }).catch(() => undefined);
    known = await lookAgain(look, known, surroundings);
  }
}

/** A server that restarts while somebody watches is no reason to stop watching. */
async function lookAgain(
  look: () => Promise<KnownStatus>,
  before: KnownStatus,
  { note, interrupted }: Surroundings,
): Promise<KnownStatus> {
  try {
    return await look();
  } catch (error) {
    if (isCommandError(error) || interrupted.aborted) throw error;
    note(`${error instanceof Error ? error.message : String(error)}; watching goes on`);
    return { ...before, isLive: false };
  }
}

function isOver(known: KnownStatus): boolean {
  return isFinal(known.view.status) || exitCodeOfKnown(known) === EXIT.waiting;
}

interface Display {
  update(known: KnownStatus): void;
  clear(): void;
}

/** Draws over its own last picture. */
function liveDisplay(config: Pick<Config, 'temporal'>, surroundings: Surroundings): Display {
  let height = 0;
  const clear = (): void => {
    if (height > 0) surroundings.show(`\x1b[${height}A\x1b[J`);
    height = 0;
  };
  return {
    clear,
    update({ view, isLive, runId }) {
      const link = runId === null ? null : linkTo(config, view.workflowId, runId);
      const text = renderStatus(view, { link, isLive }, paintFor(surroundings));
      clear();
      surroundings.show(`${text}\n`);
      height = text.split('\n').reduce((sum, line) => sum + rowsOf(line, surroundings.width), 0);
    },
  };
}

/** Rows of the terminal that a line takes, its colours not counted. */
function rowsOf(line: string, width: number): number {
  // eslint-disable-next-line no-control-regex -- the escape character is what is looked for
  return Math.max(1, Math.ceil(line.replace(/\x1b\[\d+m/g, '').length / Math.max(1, width)));
}

/** A line whenever something changed. */
function lineDisplay({ show, now }: Surroundings): Display {
  let last = '';
  return {
    clear: () => undefined,
    update({ view, isLive }) {
      const line = `${statusLine(view, now())}${isLive ? '' : '  (no worker answered; as of the last status change)'}`;
      const said = line.slice(line.indexOf('  '));
      if (said !== last) show(`${line}\n`);
      last = said;
    },
  };
}
