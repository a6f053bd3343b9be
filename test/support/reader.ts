import pg from 'pg';

export interface Reader {
  stop(): Promise<{ values: Set<string>; reads: number; errors: string[] }>;
}

/** Reads one value over and over on one connection until it is stopped; keeps what it saw. */
export async function startReader(url: string, query: string): Promise<Reader> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  const values = new Set<string>();
  const errors: string[] = [];
  let reads = 0;
  let stopped = false;
  const loop = (async () => {
    while (!stopped) {
      try {
        const { rows } = await client.query<Record<string, string>>(query);
        values.add(Object.values(rows[0] ?? {}).join('|'));
        reads += 1;
      } catch (error) {
        errors.push(error instanceof Error ? error.message : String(error));
        stopped = true;
      }
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await loop;
      await client.end();
      return { values, reads, errors };
    },
  };
}
