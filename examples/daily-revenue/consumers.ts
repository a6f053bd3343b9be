import { cp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { readScenarioFile, SCENARIO_FOLDER } from './scenario.ts';
import { withClient } from './with-client.ts';

/** The example's five consumers: dashboard totals, finance export, reverse ETL, a feature's distribution, queries. */
export interface Consumers {
  /** A contracts folder in which the contract describes them. */
  readonly contracts: string;
  /** Makes the dashboard's own table, as it shows history now. */
  create(adminUrl: string, readerUrl: string): Promise<void>;
  /** What its owner runs after a publication. */
  refreshDashboard(adminUrl: string): Promise<void>;
  close(): Promise<void>;
}

/** What they read of the interval that the example corrects. */
const TOTAL = `select sum(net_revenue)::text as revenue from finance.daily_revenue_current where revenue_date >= '2024-12-01' and revenue_date < '2026-06-01'`;

/** Writes the contracts into `folder`, which is made anew, and starts the service that is synchronised from the view. */
export async function openConsumers(folder: string): Promise<Consumers> {
  let reader: string | null = null;
  const server = createServer((_, response) => {
    synchronise(reader).then(
      (body) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body)),
      () => response.writeHead(503).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await writeContracts(folder, `http://127.0.0.1:${(server.address() as AddressInfo).port}/sync`);
  const refreshDashboard = (adminUrl: string): Promise<void> =>
    withClient(adminUrl, async (client) => {
      await client.query(
        `with old as (delete from finance.dashboard_totals) insert into finance.dashboard_totals select revenue::numeric, now() from (${TOTAL}) total`,
      );
    });
  return {
    contracts: folder,
    create: async (adminUrl, readerUrl) => {
      reader = readerUrl;
      await withClient(adminUrl, async (client) => {
        await client.query(await readScenarioFile('consumers/marts.sql'));
      });
      await refreshDashboard(adminUrl);
    },
    refreshDashboard,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function synchronise(reader: string | null): Promise<{ revenue: string | null; synced_at: string }> {
  if (reader === null) throw new Error('the view cannot be read yet');
  const syncedAt = new Date().toISOString();
  return withClient(reader, async (client) => {
    const { rows } = await client.query<{ revenue: string }>(TOTAL);
    return { revenue: rows[0]?.revenue ?? null, synced_at: syncedAt };
  });
}

/** The example's contract and, behind it, what it says of consumers. */
async function writeContracts(folder: string, crm: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await cp(join(SCENARIO_FOLDER, 'contracts'), folder, { recursive: true });
  await cp(join(SCENARIO_FOLDER, 'consumers', 'monitors'), join(folder, 'monitors'), { recursive: true });
  const [contract] = (await readdir(folder)).filter((file) => file.endsWith('.contract.yaml'));
  const path = join(folder, contract ?? '');
  const consumers = (await readScenarioFile('consumers/consumers.yaml')).replace('{{crm}}', crm);
  await writeFile(path, (await readFile(path, 'utf8')) + consumers);
}
