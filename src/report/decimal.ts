interface Scaled {
  readonly units: bigint;
  readonly scale: number;
}

/** `a − b`, exact for plain decimal text whatever its length; NaN, infinity and exponents go through floating point. */
export function subtractDecimals(a: string, b: string): string {
  const left = scaled(a);
  const right = scaled(b);
  if (left === null || right === null) return String(Number(a) - Number(b));
  const scale = Math.max(left.scale, right.scale);
  return print(atScale(left, scale) - atScale(right, scale), scale);
}

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

function scaled(text: string): Scaled | null {
  const match = PLAIN.exec(text);
  if (match === null) return null;
  const [, sign = '', whole = '', fraction = ''] = match;
  const units = BigInt(whole + fraction);
  return { units: sign === '-' ? -units : units, scale: fraction.length };
}

function atScale({ units, scale }: Scaled, wanted: number): bigint {
  return units * 10n ** BigInt(wanted - scale);
}

function print(units: bigint, scale: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  const sign = units < 0n ? '-' : '';
  return scale === 0 ? `${sign}${digits}` : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
