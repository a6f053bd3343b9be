import pg from 'pg';

/** How the server refused: its SQLSTATE and, where there is one, the constraint. A statement that succeeds is an error here. */
export async function sqlstate(
  refused: Promise<unknown>,
): Promise<{ code: string | undefined; constraint: string | undefined }> {
  const error = await failureOf(refused);
  return { code: error.code, constraint: error.constraint };
}

/** The error of the server as it came. */
export async function failureOf(refused: Promise<unknown>): Promise<pg.DatabaseError> {
  try {
    await refused;
  } catch (error) {
    if (error instanceof pg.DatabaseError) return error;
    throw error;
  }
  throw new Error('the server refused nothing');
}
