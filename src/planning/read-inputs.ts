import pg from 'pg';
import type { InputsCost } from '../domain/estimate.ts';
import type { QualifiedName } from '../domain/names.ts';
import type { PlannedInput } from '../domain/reference-input.ts';
import type { BlocksRead } from '../warehouse/postgres/statements/blocks-read.ts';
import { BLOCK_BYTES, BLOCKS_READ } from '../warehouse/postgres/statements/blocks-read.ts';
import { inputFingerprint } from '../warehouse/postgres/statements/input-fingerprint.ts';
import type { Session } from '../warehouse/session.ts';
import { qualified, sql } from '../warehouse/sql.ts';

export interface InputsRead {
  readonly inputs: readonly PlannedInput[];
  /** Of one look at all of them, as it will be made before every batch. */
  readonly cost: InputsCost;
}

/** The unpartitioned inputs as they are now, in a transaction of the caller's. */
export async function readInputs(session: Session, names: readonly QualifiedName[]): Promise<InputsRead> {
  const before = await session.one<BlocksRead>(sql(BLOCKS_READ));
  let durationMs = 0;
  const inputs: PlannedInput[] = [];
  for (const name of names) {
    const hashedAs = (await hasHash(session, name)) ? ('record' as const) : ('text' as const);
    const began = performance.now();
    const { rows, fingerprint } = await session.one<Pick<PlannedInput, 'rows' | 'fingerprint'>>(
      inputFingerprint({ name, hashedAs }),
    );
    durationMs += performance.now() - began;
    inputs.push({ name, hashedAs, rows, fingerprint });
  }
  const { fetched } = await session.one<BlocksRead>(sql(BLOCKS_READ));
  const bytes = Math.max(0, fetched - before.fetched) * BLOCK_BYTES;
  return { inputs, cost: { bytes, durationMs } };
}

/** Some types (json, point) have no hash. Asked of the types and not of the rows: a table may be empty today. */
async function hasHash(session: Session, name: QualifiedName): Promise<boolean> {
  const types = await session.rows<{ type: string }>(
    sql(
      `SELECT DISTINCT format_type(atttypid, NULL) AS type FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`,
      qualified(name),
    ),
  );
  await session.change(sql('SAVEPOINT hashed'));
  try {
    await session.rows(
      sql(`SELECT hash_record_extended(ROW(${types.map(({ type }) => `NULL::${type}`).join(', ')}), 0)`),
    );
    return true;
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== '42883') throw error;
    return false;
  } finally {
    await session.change(sql('ROLLBACK TO SAVEPOINT hashed'));
  }
}
