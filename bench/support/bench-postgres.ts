import { join } from 'node:path';
import type { PostgresServer } from '../../src/local/embedded-postgres.ts';
import { startPostgres } from '../../src/local/embedded-postgres.ts';
import { withBenchFolder } from './bench-folder.ts';
import { stopOnSignals } from './stop-on-signals.ts';

/** A PostgreSQL server alone, for what is measured without a Temporal server; stopped at the end. */
export function withBenchPostgres<T>(use: (server: PostgresServer) => Promise<T>): Promise<T> {
  return withBenchFolder(async (folder) => {
    const server = await startPostgres({ dataFolder: join(folder, 'postgres') });
    const stopped = stopOnSignals(() => server.stop());
    try {
      return await use(server);
    } finally {
      await server.stop();
      stopped();
    }
  });
}
