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

/** The sum, exact in the same way. `0` where there are none. */
export function addDecimals(values: readonly string[]): string {
  return values.reduce((sum, value) => subtractDecimals(sum, negated(value)), '0');
}

function negated(text: string): string {
  return subtractDecimals('0', text);
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
