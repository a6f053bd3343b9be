import { DatabaseError } from 'pg';

/**
 * Lost connections, resources, shutdowns, conflicts, locks held by others, read-only after a failover: the same run works
 * later. Other states (a missing right, a wrong column, bad data) need a person.
 */
const PASSING_SQLSTATE = /^(08...|53...|57P0.|40...|55P03|25006)$/;

/** Whether an error of the driver is worth another try without any change. */
export function isPassing(error: unknown): boolean {
  if (error instanceof DatabaseError) return PASSING_SQLSTATE.test(error.code ?? '');
  if (!(error instanceof Error)) return false;
  // Node reports a refused or broken socket by code; pg reports a connection that ended in mid-query by text alone.
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return (
    /^E[A-Z]+$/.test(code) || /^(Connection terminated|Client has encountered a connection error)/.test(error.message)
  );
}
