import { describe, expect, it } from 'vitest';
import type { Measured, ProductMeasured, Round } from '../../bench/overhead/measured.ts';
import { figuresOf } from '../../bench/overhead/figures.ts';
import { intervalOf, MOST_PARTITIONS } from '../../bench/overhead/interval.ts';
import { renderFigures } from '../../bench/overhead/render.ts';
import { addUp, sectionOf } from '../../bench/overhead/sections.ts';
import { readBenchOptions } from '../../bench/support/options.ts';
import { replaceFigures } from '../../bench/support/performance-page.ts';
import { spreadOf } from '../../bench/support/spread.ts';

describe('the interval that is measured', () => {
  it('is the whole history at most, and lies around the change of rules where it is shorter', () => {
    expect(intervalOf(MOST_PARTITIONS)).toEqual({ first: '2024-12-01', last: '2026-05-31' });
    expect(intervalOf(182)).toEqual({ first: '2025-04-01', last: '2025-09-29' });
    expect(intervalOf(500)).toEqual({ first: '2024-12-01', last: '2026-04-14' });
  });
});

describe('the options', () => {
  const numbers = { rounds: { default: 3, min: 1, max: 50 } };

  it('have defaults, and are whole numbers within bounds', () => {
    expect(readBenchOptions([], numbers)).toEqual({ json: false, write: false, rounds: 3 });
    expect(readBenchOptions(['--rounds', '5', '--json'], numbers)).toEqual({ json: true, write: false, rounds: 5 });
    expect(() => readBenchOptions(['--rounds', '0'], numbers)).toThrow(
      '--rounds is 0: give a whole number from 1 to 50',
    );
    expect(() => readBenchOptions(['--round', '5'], numbers)).toThrow("Unknown option '--round'");
  });
});

describe('a spread', () => {
  it('has the middle one, or the mean of the two in the middle', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
    expect(spreadOf([4, 1, 2, 3])).toEqual({ median: 2.5, min: 1, max: 4 });
    expect(() => spreadOf([])).toThrow('no round was measured');
  });
});

describe('the figures', () => {
  const rounds = [round(1_000, 1_900, 2_000), round(1_000, 2_000, 2_200), round(2_000, 4_000, 4_200)];
  const figures = figuresOf({ eventsPerDay: 20_000, partitions: 14, batches: 2, lanes: 2 }, rounds);

  it('take each ratio within its round, and then the median', () => {
    expect(figures).toMatchObject({ ratioUnchecked: 2.1, ratioUncheckedRange: [2, 2.2] });
    expect(figures).toMatchObject({ ratioChecked: 1.053, ratioCheckedRange: [1.05, 1.1] });
    expect(figures.milliseconds).toEqual({ bare: 1_000, checked: 2_000, product: 2_200 });
  });

  it('put every millisecond of every connection into one row', () => {
    const one = figuresOf({ eventsPerDay: 20_000, partitions: 14, batches: 2, lanes: 2 }, rounds.slice(0, 1));
    const rows = one.perBatch.filter(({ what }) => what !== 'all');
    expect(rows.reduce((sum, { product }) => sum + product, 0)).toBeCloseTo(2_000, 0);
    expect(one.perBatch.find(({ what }) => what.startsWith('round trips'))).toMatchObject({ product: 1_860 });
    expect(one.perBatch.at(-1)).toMatchObject({ what: 'all', bare: 1_000, checked: 1_900, product: 2_000 });
  });

  it('read as tables', () => {
    expect(renderFigures(figures)).toContain(
      '| SQL loop, same checks |     2.0 | 1.05 (1.05–1.10) |  1.05 (1.05–1.10) |',
    );
    expect(renderFigures(figures)).toContain(
      '200 MiB after a quarter of the batches, 210 MiB after the last (1.05 of it)',
    );
  });

  it('say nothing of processes where the system tells nothing', () => {
    const silent = rounds.map((one) => ({ ...one, product: { ...one.product, rssEndBytes: null, workerCpuMs: null } }));
    const blind = figuresOf({ eventsPerDay: 20_000, partitions: 14, batches: 2, lanes: 2 }, silent);
    expect(blind).toMatchObject({ workerRssBytes: null, cpuMsPerBatch: null });
    expect(renderFigures(blind)).not.toContain('memory');
  });
});

describe('the page of figures', () => {
  const page = 'before\n<!-- figures of overhead -->\nold\n<!-- end of figures of overhead -->\nafter\n';

  it('keeps all but the figures of that bench', () => {
    expect(replaceFigures(page, 'overhead', 'new\n')).toBe(
      'before\n<!-- figures of overhead -->\n\nnew\n\n<!-- end of figures of overhead -->\nafter\n',
    );
  });

  it('is not written where it has no place for them', () => {
    expect(() => replaceFigures(page, 'scale', 'new')).toThrow('has no lines <!-- figures of scale -->');
  });
});

describe('the sections of a batch', () => {
  it('add up, and what nobody knows is counted too', () => {
    const times = addUp([
      { query: 'COMMIT', milliseconds: 1 },
      { query: 'BEGIN ISOLATION LEVEL READ COMMITTED', milliseconds: 2 },
      { query: 'SELECT version()', milliseconds: 4 },
    ]);
    expect(times).toMatchObject({ commit: 3, other: 4, rebuild: 0 });
    expect(sectionOf('SELECT 1')).toBe('other');
  });
});

function round(bare: number, checked: number, product: number): Round {
  return { bare: measured(bare), checked: measured(checked), product: productMeasured(product) };
}

/** 100 ms of the server's time for the rebuilds, 80 ms idle. */
function measured(milliseconds: number): Measured {
  const query = 'EXPLAIN (ANALYZE) INSERT INTO "finance"."shadow" SELECT 1';
  return {
    milliseconds,
    sections: addUp([{ query, milliseconds: 100 }]),
    idleMs: 80,
    cpuMs: milliseconds * 2,
    built: '1:1',
  };
}

function productMeasured(milliseconds: number): ProductMeasured {
  const mebibyte = 2 ** 20;
  return {
    ...measured(milliseconds),
    handOverMs: 100,
    claims: 3,
    rssQuarterBytes: 200 * mebibyte,
    rssEndBytes: 210 * mebibyte,
    workerCpuMs: 40,
    temporalCpuMs: 10,
  };
}
