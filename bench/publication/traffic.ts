import { BASE, SOURCE, VIEW } from './dataset.ts';
import type { ReaderData, ReaderResult } from './reader-thread.ts';
import { readerTurns, readsOf } from './reads.ts';
import { ask, nextMessage, startThread } from './thread.ts';
import type { World } from './world.ts';
import type { WriterData, WriterResult } from './writer-thread.ts';

/** Consumers and the live pipeline, each on a connection and a thread of its own. */
export interface Traffic {
  /** Late writes go on from here, or stand still: none is under way when this resolves. */
  writeLate(go: boolean): Promise<void>;
  stop(): Promise<TrafficResult>;
}

export interface TrafficResult {
  readonly readers: readonly ReaderResult[];
  readonly today: WriterResult;
  readonly late: WriterResult;
}

/** Together they keep about one of two processors busy: with less, few reads meet a switch; with more, they queue for the processor. */
const READER_PAUSE_MS = 2.5;
const TODAY_PAUSE_MS = 10;
/** A late write dirties a partition, and its batch is checked again: faster than this, and many attempts at a switch would find marks open. */
const LATE_PAUSE_MS = 600;

/** Readers through the view read from now on, the writer of today writes. */
export async function startTraffic({ urls, dates }: World, readerCount: number): Promise<Traffic> {
  const turns = readerTurns(readsOf(VIEW, dates));
  const readers = Array.from({ length: readerCount }, (_, at) =>
    startThread('reader-thread', {
      url: urls.dashboard,
      // Begun at different places, so that a slow read is not everybody's at once.
      turns: [...turns.slice(at % turns.length), ...turns.slice(0, at % turns.length)],
      prepared: at % 2 === 1,
      pauseMs: READER_PAUSE_MS,
    } satisfies ReaderData),
  );
  const writer = { url: urls.revenue_pipeline, base: BASE, source: SOURCE };
  const today = startThread('writer-thread', {
    ...writer,
    days: [dates.today],
    pauseMs: TODAY_PAUSE_MS,
  } satisfies WriterData);
  const lateDays = Array.from({ length: dates.lateDays }, (_, at) => dayAfter(dates.late, at));
  const late = startThread('writer-thread', { ...writer, days: lateDays, pauseMs: LATE_PAUSE_MS } satisfies WriterData);
  await Promise.all([...readers, today, late].map((thread) => nextMessage(thread)));
  today.postMessage('go');
  return {
    writeLate: async (go) => {
      if (go) late.postMessage('go');
      else await ask(late, 'hold');
    },
    stop: async () => {
      const written = { today: await ask<WriterResult>(today, 'stop'), late: await ask<WriterResult>(late, 'stop') };
      return { ...written, readers: await Promise.all(readers.map((one) => ask<ReaderResult>(one, 'stop'))) };
    },
  };
}

function dayAfter(day: string, days: number): string {
  return new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);
}
