import { describe, expect, it } from 'vitest';
import { formatBytes, parseBytes } from '../../src/domain/bytes.ts';
import { amendedPartitionsAllowed, beyondEnvelope } from '../../src/domain/envelope.ts';
import { formatName, sameName } from '../../src/domain/names.ts';
import { missingSignOffs } from '../../src/domain/parties.ts';
import { isListed, samePerson } from '../../src/domain/people.ts';
import { checksOfRun } from '../../src/domain/verdict.ts';
import { FAILING } from './states.ts';

describe('what an approval covers', () => {
  const approved = { partitions: 547, totals: { revenue: '-1000.00' } };
  const envelope = { partitionsPercent: 1, measurePercent: 0.1 };
  const beyond = (partitions: number, moved: string) =>
    beyondEnvelope({ partitions, moved: { revenue: moved } }, approved, envelope);

  it('is one partition in a hundred, and always one', () => {
    expect([1, 99, 100, 199, 547].map((partitions) => amendedPartitionsAllowed(envelope, partitions))).toEqual([
      1, 1, 1, 1, 5,
    ]);
    expect(amendedPartitionsAllowed({ ...envelope, partitionsPercent: 0 }, 547)).toBe(1);
  });

  it('ends with the sixth partition of 547, or when a measure moves by more than a thousandth', () => {
    expect(beyond(5, '1.00')).toBeNull();
    expect(beyond(6, '0')).toMatchInlineSnapshot(
      `"live writes restated 6 partitions since the evidence; the approval covers 5"`,
    );
    expect(beyond(1, '1.01')).toMatchInlineSnapshot(
      `"live writes moved revenue by 0.101% since the evidence; the approval covers 0.1%"`,
    );
    expect(beyond(1, '-1.01')).not.toBeNull();
  });

  it('is nothing that cannot be measured: no share of zero or infinity, no move that is no number or not known', () => {
    const of = (total: string | undefined, moved: string | undefined) =>
      beyondEnvelope(
        { partitions: 1, moved: moved === undefined ? {} : { refunds: moved } },
        { partitions: 547, totals: total === undefined ? {} : { refunds: total } },
        envelope,
      );
    expect(of('0', '999999')).toMatchInlineSnapshot(
      `"live writes moved refunds by 999999 since the evidence, of a total of 0; the approval covers 0.1%"`,
    );
    for (const [total, moved] of [
      ['10', 'NaN'],
      ['NaN', '1'],
      ['Infinity', '1'],
      ['10', 'Infinity'],
      [undefined, '1'],
      ['10', undefined],
    ])
      expect(of(total, moved), `${moved} of ${total}`).not.toBeNull();
    expect(of('0', '0')).toBeNull();
  });
});

describe('names', () => {
  it.each([
    [{ schema: 'finance', name: 'daily_revenue' }, 'finance.daily_revenue'],
    [{ schema: 'finance', name: 'Daily Revenue' }, 'finance."Daily Revenue"'],
    [{ schema: 'Fin"ance', name: '2024' }, '"Fin""ance"."2024"'],
  ])('of %j are written %s', (name, text) => {
    expect(formatName(name)).toBe(text);
    expect(sameName(name, { ...name })).toBe(true);
    expect(sameName(name, { ...name, schema: 'other' })).toBe(false);
  });
});

describe('people and parties', () => {
  it('are the same whatever case and space they are typed with', () => {
    expect(samePerson(' Dora', 'dora ')).toBe(true);
    expect(samePerson('dora', 'dorah')).toBe(false);
    expect(isListed('FINANCE-data', ['business-intelligence', 'finance-data'])).toBe(true);
    expect(isListed('finance', ['finance-data'])).toBe(false);
  });

  it('are missing in the order of the contract until they sign off', () => {
    const parties = ['finance-data', 'business-intelligence', 'revenue-operations'];
    expect(missingSignOffs(parties, [{ party: 'Business-Intelligence' }])).toEqual([
      'finance-data',
      'revenue-operations',
    ]);
    expect(missingSignOffs([], [])).toEqual([]);
  });
});

describe('sizes', () => {
  it.each([
    ['500GB', 5e11],
    ['2TiB', 2 * 1024 ** 4],
    ['1.5 kB', 1500],
    ['10b', 10],
    ['500', null],
    ['GB', null],
    ['-1GB', null],
    ['5 parsecs', null],
  ])('%s is %s bytes', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  it('are written for people', () => {
    expect([0, 999, 1_000, 1.25e6, 5e11, 2e12].map(formatBytes)).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '1.3 MB',
      '500.0 GB',
      '2.0 TB',
    ]);
  });
});

describe('checks of the whole run', () => {
  it('are all but the proofs, which were made before anything was built', () => {
    const run = { ...FAILING, level: 'run' as const };
    expect(checksOfRun([{ ...FAILING, level: 'proof' }, run])).toEqual([run]);
  });
});
