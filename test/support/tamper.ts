import type { SmallDataset } from './small-dataset.ts';

/** Changes evidence as nobody can who is not allowed to change the table itself. */
export async function tamper({ admin }: SmallDataset, text: string, values: unknown[] = []): Promise<void> {
  const client = await admin.connect();
  try {
    await client.query('BEGIN; ALTER TABLE governance.backfill_evidence DISABLE TRIGGER USER');
    await client.query(text, values);
    await client.query(`ALTER TABLE governance.backfill_evidence ENABLE ALWAYS TRIGGER keep_evidence;
      ALTER TABLE governance.backfill_evidence ENABLE ALWAYS TRIGGER keep_all_evidence; COMMIT`);
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}
