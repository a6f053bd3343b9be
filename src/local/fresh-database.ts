import pg from 'pg';
import { derivedRolePassword } from '../../examples/daily-revenue/roles.ts';
import { seedDailyRevenue } from '../../examples/daily-revenue/seed.ts';

/**
 * Makes the database anew as the example seeds it. The seeding takes seconds, so it is done once into a database beside
 * it and copied from there; whatever the old database held is gone.
 */
export async function freshDatabase(
  adminUrl: string,
  name: string,
  eventsPerDay: number,
  log: (line: string) => void,
): Promise<void> {
  const seed = `${name}_seed_${eventsPerDay}`;
  await seedDailyRevenue(adminUrl, { database: seed, eventsPerDay, rolePassword: derivedRolePassword(adminUrl), log });
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(name)} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)} TEMPLATE ${client.escapeIdentifier(seed)}`);
  } finally {
    await client.end();
  }
}
