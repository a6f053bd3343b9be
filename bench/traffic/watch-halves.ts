import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { TrafficDataset } from './dataset.ts';
import { CORRECTED, DATASET, WITNESSES_BELOW } from './tables.ts';
import type { Witnesses } from './witnesses.ts';

/** Whoever looks from beside, at any instant: pointer, release, events and view tell the same story, or it is half a release. */
export interface HalvesWatch {
  /** What every look that met half a release saw. */
  readonly halves: readonly string[];
  stop(): Promise<{ readonly looks: number; readonly halves: readonly string[] }>;
}

const LOOK = `
  SELECT active.release_id AS pointer, active.epoch::int AS epoch, active.consolidating,
         (SELECT string_agg(release_id, ', ') FROM governance.data_releases WHERE state = 'published') AS published,
         (SELECT count(*)::int FROM governance.data_releases) AS releases,
         (SELECT count(*)::int FROM governance.data_releases WHERE state <> 'published') AS ended,
         (SELECT count(*)::int FROM governance.data_releases WHERE state = 'consolidated') AS consolidated,
         (SELECT count(*)::int FROM governance.backfill_events WHERE kind = 'published') AS "publishedEvents",
         (SELECT count(*)::int FROM governance.backfill_events WHERE kind IN ('rolled back', 'overlay retired') AND (kind <> 'rolled back' OR detail ? 'release')) AS "endedEvents",
         (SELECT sum(net)::text FROM finance.sales_current WHERE day >= '${CORRECTED.start}' AND day < '${CORRECTED.end}' AND merchant < ${WITNESSES_BELOW}) AS shown
    FROM governance.active_releases active WHERE dataset = '${DATASET}'`;

interface Look {
  readonly pointer: string | null;
  readonly epoch: number;
  readonly published: string | null;
  readonly releases: number;
  readonly ended: number;
  readonly consolidated: number;
  readonly publishedEvents: number;
  readonly endedEvents: number;
  readonly shown: string;
}

export async function watchHalves(dataset: TrafficDataset, witnesses: Witnesses, everyMs = 5): Promise<HalvesWatch> {
  const client = new pg.Client({ connectionString: dataset.adminUrl, application_name: 'traffic/watch' });
  client.on('error', () => undefined);
  await client.connect();
  const sides = witnesses.sum(CORRECTED.start, CORRECTED.end);
  const halves: string[] = [];
  const stop = new AbortController();
  let looks = 0;
  const watching = (async () => {
    while (!stop.signal.aborted) {
      const { rows } = await client.query<Look>(LOOK);
      for (const look of rows) {
        looks += 1;
        const half = describeHalf(look, sides);
        if (half !== null) halves.push(`${half}: ${JSON.stringify(look)}`);
      }
      await pause(everyMs);
    }
  })();
  // Heard by stop(); until then an error must not count as nobody's.
  watching.catch(() => undefined);
  return {
    halves,
    stop: async () => {
      stop.abort();
      await watching;
      await client.end();
      return { looks, halves };
    },
  };
}

function describeHalf(look: Look, { old, corrected }: ReturnType<Witnesses['sum']>): string | null {
  if (look.pointer !== look.published) return 'pointer and release differ';
  if (look.publishedEvents !== look.releases || look.endedEvents !== look.ended) return 'events and releases differ';
  if (look.epoch !== look.releases + look.ended) return 'the epoch did not count every move once';
  const wanted = look.pointer !== null || look.consolidated > 0 ? corrected : old;
  return look.shown === wanted ? null : 'view and pointer differ';
}
