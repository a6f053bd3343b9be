import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

export interface HistoryWatch {
  /** Times that pointer, release rows and published view were seen in one statement. */
  readonly looks: number;
  /** Looks at which pointer and release rows disagreed. */
  readonly halves: readonly string[];
  /** What the published view showed, each sum once, in the order of first sight. */
  readonly shown: readonly string[];
  stop(): Promise<void>;
}

const LOOK = `
  SELECT a.release_id AS pointer,
         (SELECT string_agg(release_id, ',') FROM governance.data_releases r WHERE r.dataset = a.dataset AND r.state = 'published') AS published,
         (SELECT count(*) || ' rows, net ' || sum(net_revenue) FROM finance.daily_revenue_current WHERE revenue_date >= $1 AND revenue_date < $2) AS shown
    FROM governance.active_releases a WHERE a.dataset = 'finance.daily_revenue'`;

/** Looks at a release as a consumer would, all the time; a server that is down is looked for until it is back. */
export function watchHistory(adminUrl: string, corrected: { start: string; end: string }): HistoryWatch {
  const halves: string[] = [];
  const shown: string[] = [];
  let looks = 0;
  let stopped = false;
  const look = async (client: pg.Client): Promise<void> => {
    const { rows } = await client.query<{ pointer: string | null; published: string | null; shown: string }>(LOOK, [
      corrected.start,
      corrected.end,
    ]);
    const [seen] = rows;
    if (seen === undefined) return;
    looks += 1;
    if (seen.pointer !== seen.published) halves.push(`pointer ${seen.pointer}, published ${seen.published}`);
    if (!shown.includes(seen.shown)) shown.push(seen.shown);
  };
  const watch = async (): Promise<void> => {
    while (!stopped) {
      const client = new pg.Client({ connectionString: adminUrl });
      client.on('error', () => undefined);
      try {
        await client.connect();
        for (; !stopped; await delay(20)) await look(client);
      } catch (error) {
        if (!isOutage(error)) throw error;
        await delay(50);
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  };
  const done = watch();
  return {
    get looks() {
      return looks;
    },
    halves,
    shown,
    stop: () => {
      stopped = true;
      return done;
    },
  };
}

/** No server, one that starts, or one that died in mid-sentence. */
function isOutage(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return /^(57P|08)/.test(error.code ?? '');
  return (
    error instanceof Error && /ECONN|EPIPE|terminated|not queryable|connection/i.test(`${error.name} ${error.message}`)
  );
}
