/** One log line: a stable sentence, values beside it. */
export function jsonLine(level: string, message: string, values: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify({ at: new Date().toISOString(), level, message, ...plain(values) })}\n`;
}

function plain(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key,
      value instanceof Error ? value.message : typeof value === 'bigint' ? value.toString() : value,
    ]),
  );
}
