/** `1234567.50` as `1,234,567.50`; text that is no plain decimal stays as it is. */
export function formatDecimal(text: string): string {
  const match = PLAIN.exec(text);
  if (match === null) return text;
  const [, sign = '', whole = '', fraction] = match;
  return `${sign === '-' ? '-' : ''}${whole.replace(/\B(?=(\d{3})+$)/g, ',')}${fraction === undefined ? '' : `.${fraction}`}`;
}

/** The same with a sign in front of what is above zero. */
export function formatDelta(text: string): string {
  return Number(text) > 0 ? `+${formatDecimal(text)}` : formatDecimal(text);
}

const PLAIN = /^([+-]?)(\d+)(?:\.(\d+))?$/;
