/** Ends an exhaustive switch: a case that is missing fails to compile, and says so if data slips in at run time. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value ${JSON.stringify(value)}`);
}
