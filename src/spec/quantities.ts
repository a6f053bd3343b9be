import type { PercentRange } from '../domain/backfill-spec.ts';
import { parseBytes } from '../domain/bytes.ts';
import type { Reader } from './reader.ts';
import { textReader } from './reader.ts';

const DURATION_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Ten years: more than any rollback window, and far from where a millisecond count overflows a date. */
const LONGEST_MS = 3_650 * 86_400_000;
/** PostgreSQL keeps `statement_timeout` and `lock_timeout` in 32 bits of milliseconds: 24.8 days. */
const LONGEST_TIMEOUT_MS = 24 * 86_400_000;

/** A duration in milliseconds. Zero only where `least` is 0: for a timeout PostgreSQL reads it as "never". */
export function durationReader(least: 0 | 1 = 1, longestMs = LONGEST_MS): Reader<number> {
  const most = `${longestMs / 86_400_000}d`;
  const allowed = `a number with a unit (ms, s, m, h, d) such as 10s or 7d, ${least === 0 ? 'from 0s to' : 'up to'} ${most}`;
  return {
    allowed,
    read: (value) => (typeof value === 'number' ? { problem: 'a duration without a unit' } : text(value)),
  };

  function text(value: unknown): { readonly value: number } | { readonly problem: string } {
    const match = typeof value === 'string' ? /^(\d{1,15})\s*([a-z]*)$/i.exec(value.trim()) : null;
    if (match === null) return { problem: 'not a duration' };
    const [, digits = '', unit = ''] = match;
    if (unit === '') return { problem: 'a duration without a unit' };
    if (!Object.hasOwn(DURATION_UNITS, unit)) return { problem: 'a duration with an unknown unit' };
    const milliseconds = Number(digits) * (DURATION_UNITS[unit] ?? Number.NaN);
    if (milliseconds < least) return { problem: 'a duration of nothing' };
    return milliseconds > longestMs ? { problem: 'a duration that is too long' } : { value: milliseconds };
  }
}

export const timeoutReader = durationReader(1, LONGEST_TIMEOUT_MS);

/** A number of bytes. Decimal units as clouds bill them, binary ones as memory is sold: the letter i decides. */
export const bytesReader: Reader<number> = {
  allowed:
    'a number with a unit: decimal (B, kB, MB, GB, TB) such as 500GB, or binary (KiB, MiB, GiB, TiB) such as 2TiB',
  read(value) {
    const text = typeof value === 'number' ? String(value) : value;
    if (typeof text !== 'string') return { problem: 'not an amount of bytes' };
    if (/^\s*\d+(\.\d+)?\s*$/.test(text)) return { problem: 'an amount of bytes without a unit' };
    const bytes = parseBytes(text);
    if (bytes === null) return { problem: 'not an amount of bytes' };
    if (bytes < 1) return { problem: 'an amount of nothing' };
    return Number.isSafeInteger(bytes) ? { value: bytes } : { problem: 'an amount of bytes that is too large' };
  },
};

/** An amount in the currency of the configured prices: a document that names another would be converted by nobody. */
export const costReader: Reader<number> = {
  allowed: 'an amount such as 25 or 12.50, in the currency of the configured prices',
  read(value) {
    if (typeof value !== 'number' || !Number.isFinite(value)) return { problem: 'not an amount of money' };
    return value > 0 ? { value } : { problem: 'an amount of nothing' };
  },
};

const SIGNED_PERCENT = /^[+-]?\d{1,9}(?:\.\d{1,9})?\s*%$/;

/** Word processors turn a leading hyphen into a minus sign (U+2212) or a dash; a person means the same. */
function percent(text: string): number | null {
  const plain = text.trim().replace(/^[\u2212\u2013]/, '-');
  return SIGNED_PERCENT.test(plain) ? Number.parseFloat(plain) : null;
}

/** A share from 0 to 100 percent, as in `"0.1%"`. */
export const shareReader = textReader('a share', 'a percentage from "0%" to "100%"', (text) => {
  const value = percent(text);
  if (value === null) return null;
  return value >= 0 && value <= 100 ? { value } : { problem: 'a share outside 0% to 100%' };
});

/** `"-1.5% to -0.8%"`, both ends included; `"-1%"` allows that change alone. */
export const percentRangeReader = textReader<PercentRange>(
  'a range of percentages',
  'a range such as "-1.5% to -0.8%", or one percentage',
  (text) => {
    const parts = text.split(/\s+to\s+/);
    const [low, high = low] = parts.map(percent);
    if (parts.length > 2 || low === null || low === undefined || high === null || high === undefined) return null;
    return low <= high ? { value: { low, high } } : { problem: 'a range that ends below its start' };
  },
);
