import { describe, expect, it } from 'vitest';
import { movesAtOnce, refusedAtOnce } from '../../src/domain/direct-readers.ts';
import type { BackfillSpec } from '../../src/domain/backfill-spec.ts';

const spec = (...directReaders: string[]) => ({ publication: { directReaders } }) as unknown as BackfillSpec;

describe('readers of the base table', () => {
  it('make consolidation one transaction', () => {
    expect(movesAtOnce(spec('dashboard'))).toBe(true);
    expect(movesAtOnce(spec())).toBe(false);
  });

  it('cannot be accepted where it would be too large', () => {
    expect(refusedAtOnce(spec('dashboard'), 10_000_000)).toEqual([]);
    expect(refusedAtOnce(spec('dashboard'), 10_000_001)).toEqual([
      'publication.direct_readers accepts readers of the base table, for whose sake about 10000001 rows would be moved into it in one transaction; 10000000 is the most that is bearable for the live pipeline: let them read the view, or correct the interval in parts',
    ]);
    expect(refusedAtOnce(spec(), 10_000_001)).toEqual([]);
  });
});
