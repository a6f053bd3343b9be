import { onDatabase, withClient } from '../../examples/daily-revenue/with-client.ts';

/** A database of this name that holds nothing, whatever it held. Answers its URL for the same login. */
export async function emptyDatabase(serverUrl: string, name: string): Promise<string> {
  await withClient(onDatabase(serverUrl, 'postgres'), async (client) => {
    await client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(name)} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  });
  return onDatabase(serverUrl, name);
}
