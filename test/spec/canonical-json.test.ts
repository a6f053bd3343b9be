import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/spec/canonical-json.ts';
import { fingerprint } from '../../src/spec/fingerprint.ts';
import { seededRandom } from '../../bench/support/random.ts';

describe('canonical JSON', () => {
  it('sorts keys by UTF-16 units and prints numbers as ECMAScript does', () => {
    const value = {
      b: [1e21, -0, 0.1, 1e-7],
      '\u20ac': 1,
      a: { z: null, A: true },
      '\ud83d\ude00': '"\n',
      '\ufb33': 2,
      1: 'x',
    };
    expect(canonicalJson(value)).toBe(
      '{"1":"x","a":{"A":true,"z":null},"b":[1e+21,0,0.1,1e-7],"\u20ac":1,"\ud83d\ude00":"\\"\\n","\ufb33":2}',
    );
  });

  it('counts an undefined property as absent', () => {
    expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
  });

  it('refuses what JSON cannot carry and says where it is', () => {
    const message = (value: unknown): string => {
      try {
        return canonicalJson(value);
      } catch (error) {
        return String(error);
      }
    };
    expect(message({ a: [1, Number.NaN] })).toMatchInlineSnapshot(
      `"TypeError: $.a[1] holds NaN, which canonical JSON does not carry."`,
    );
    expect(message({ at: new Date(0) })).toMatchInlineSnapshot(
      `"TypeError: $.at holds Date, which canonical JSON does not carry."`,
    );
    expect(message([undefined])).toMatchInlineSnapshot(
      `"TypeError: $[0] holds undefined, which canonical JSON does not carry."`,
    );
    expect(message(10n)).toMatchInlineSnapshot(`"TypeError: $ holds bigint, which canonical JSON does not carry."`);
    expect(message(new Map())).toMatchInlineSnapshot(`"TypeError: $ holds Map, which canonical JSON does not carry."`);
  });

  it('is the same for equal values whatever the order of their keys, and reads back (seeds 1 to 300)', () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const random = seededRandom(seed);
      const value = someValue(random, 4);
      const canonical = canonicalJson(value);
      expect(canonicalJson(shuffled(value, random)), `seed ${seed}`).toBe(canonical);
      expect(JSON.parse(canonical), `seed ${seed}`).toEqual(value);
      expect(canonicalJson(JSON.parse(canonical)), `seed ${seed}`).toBe(canonical);
    }
  });
});

describe('a fingerprint', () => {
  it('is the sha256 of the canonical text', () => {
    const expected = createHash('sha256').update('{"a":"\u00e9","b":1}').digest('hex');
    expect(fingerprint({ b: 1, a: '\u00e9' })).toBe(expected);
    expect(fingerprint({ b: 2, a: '\u00e9' })).not.toBe(expected);
  });
});

function someValue(random: () => number, depth: number): unknown {
  const kind = Math.floor(random() * (depth > 0 ? 7 : 5));
  const text = (): string =>
    String.fromCodePoint(...Array.from({ length: 3 }, () => 32 + Math.floor(random() * 0x2000)));
  if (kind === 0) return null;
  if (kind === 1) return random() < 0.5;
  if (kind === 2) return Math.floor(random() * 1e6);
  if (kind === 3) return random() * 10 ** Math.floor(random() * 40 - 20);
  if (kind === 4) return text();
  const items = Array.from({ length: Math.floor(random() * 5) }, () => someValue(random, depth - 1));
  return kind === 5 ? items : Object.fromEntries(items.map((item) => [text(), item]));
}

function shuffled(value: unknown, random: () => number): unknown {
  if (Array.isArray(value)) return value.map((item) => shuffled(item, random));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [random(), key, shuffled(item, random)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => a - b).map(([, key, item]) => [key, item]));
}
