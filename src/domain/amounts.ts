/** Floating point that was added in another order differs by less. */
const FLOAT_NOISE = 1e-9;

/** Whether two decimals in text are one amount: `10.50` and `10.5`. `exact` false lets floating point differ in its last digits. */
export function sameAmount(a: string, b: string, exact: boolean): boolean {
  if (canonical(a) === canonical(b)) return true;
  if (exact && isPlain(a) && isPlain(b)) return false;
  const change = relativeChange(a, b);
  return change !== null && Math.abs(change) <= FLOAT_NOISE;
}

/** From the first to the second, as a share of the first; null from nothing, or where one is no number. */
export function relativeChange(from: string, to: string): number | null {
  const [before, after] = [Number(from), Number(to)];
  if (!Number.isFinite(before) || !Number.isFinite(after)) return null;
  if (before === after) return 0;
  return before === 0 ? null : (after - before) / Math.abs(before);
}

function isPlain(text: string): boolean {
  return /^\s*[+-]?\d+(\.\d*)?\s*$/.test(text);
}

function canonical(text: string): string {
  const [, sign = '', whole = '', fraction = ''] = /^\s*([+-]?)0*(\d+)(?:\.(\d*?)0*)?\s*$/.exec(text) ?? [];
  if (whole === '') return text.trim();
  const digits = fraction === '' ? whole : `${whole}.${fraction}`;
  return sign === '-' && /[1-9]/.test(digits) ? `-${digits}` : digits;
}
