import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { cloneTemplate, createDatabase, ensureTemplate } from '../support/postgres.ts';

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

test('a template is built once, by whoever asks first, and anew under another version; clones are apart', async () => {
  const built: string[] = [];
  const build = (version: string) =>
    ensureTemplate('of_this_test', version, async (url) => {
      built.push(version);
      await query(url, `create table seed as select '${version}' as version`);
    });
  await Promise.all([build('1'), build('1'), build('1')]);
  await build('1');
  expect(built).toEqual(['1']);

  const clones = await Promise.all([cloneTemplate('of_this_test'), cloneTemplate('of_this_test')]);
  onTestFinished(async () => void (await Promise.all(clones.map((clone) => clone.drop()))));
  await query(clones[0].url, `update seed set version = 'changed'`);
  expect(await query(clones[1].url, 'select version from seed')).toEqual([{ version: '1' }]);

  await build('2');
  expect(built).toEqual(['1', '2']);
});

test('a database that was dropped is gone, with whoever was connected', async () => {
  const database = await createDatabase();
  const client = new pg.Client({ connectionString: database.url });
  const ended = new Promise<Error>((resolve) => client.on('error', resolve));
  await client.connect();
  await database.drop();
  expect((await ended).message).toContain('terminating connection');
  await expect(query(database.url, 'select 1')).rejects.toThrow('does not exist');
});
