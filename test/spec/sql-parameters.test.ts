import { describe, expect, it } from 'vitest';
import { sqlTokens } from '../../src/spec/sql-lexer.ts';
import type { SqlKind } from '../../src/spec/sql-parameters.ts';
import { bindNamed, sqlProblems } from '../../src/spec/sql-parameters.ts';
import { formatProblem } from '../../src/spec/spec-problem.ts';
import { seededRandom } from '../../bench/support/random.ts';

const NAMES = ['partition_start', 'partition_end'];
const text = (sql: string): string => bindNamed(sql, NAMES).text;

/** Pieces of SQL in which a colon is no placeholder, each with a name that would be one. */
const OPAQUE = [
  `':partition_start'`,
  `'it''s :partition_end'`,
  `'back\\'`,
  `E'it\\'s :partition_start'`,
  `e'\\\\'`,
  `E'a'\n  ':partition_end \\' b'`,
  `E'a' -- why\n-- :partition_start\n'\\':partition_end'`,
  `N':partition_end'`,
  `U&'d\\0061t :partition_start'`,
  `$$ :partition_start ' $$`,
  `$tag$ $$ :partition_end $other$ $tag$`,
  `$t1$ :partition_end $t1$`,
  `"col:partition_start"`,
  `"a""b :partition_end"`,
  `-- it's :partition_start\n`,
  `/* :partition_start /* ' nested */ :partition_end */`,
  `x::partition_start`,
  `f(a := 1)`,
  `x[1:2]`,
  `x[a:partition_end]`,
  `x[f(1):partition_end]`,
  `x[y[1]:partition_end]`,
  `a$1`,
  `'a' || ':partition_start'`,
];

const CLEAR: readonly (readonly [sql: string, bound: string])[] = [
  [':partition_start', '$1'],
  ['(:partition_end)', '($2)'],
  ['between :partition_start and :partition_end', 'between $1 and $2'],
  ['between:partition_start', 'between $1'],
  [':partition_start::date', '$1::date'],
  ['f(a := :partition_end)', 'f(a := $2)'],
  ['x[:partition_start]', 'x[$1]'],
  ['x[(:partition_start):2]', 'x[($1):2]'],
  [`'a':partition_start`, `'a'$1`],
  ['a <:partition_end', 'a <$2'],
];

describe('binding named parameters', () => {
  it('numbers names by their place in the list, each as often as it occurs', () => {
    expect(bindNamed('select :b, :a, :b', ['a', 'b', 'c'])).toEqual({
      text: 'select $2, $1, $2',
      used: ['a', 'b'],
      unknown: [],
    });
  });

  it.each(CLEAR)('binds %s', (sql, bound) => {
    expect(text(`select ${sql}`)).toBe(`select ${bound}`);
  });

  it.each(OPAQUE)('leaves alone %s', (sql) => {
    expect(bindNamed(`select ${sql} as x`, NAMES)).toEqual({ text: `select ${sql} as x`, used: [], unknown: [] });
  });

  it('reports names that nobody binds, and numbered parameters, with their positions', () => {
    expect(bindNamed(`select :start\r\nfrom t -- :no\nwhere "é" = $1 and x = :partition_start`, NAMES).unknown).toEqual(
      [
        { name: 'start', line: 1, column: 8 },
        { name: '$1', line: 3, column: 13 },
      ],
    );
  });

  it('ends a statement at its last token, without a closing semicolon', () => {
    expect(text('select 1;')).toBe('select 1');
    expect(text('select 1 ; -- done\n')).toBe('select 1');
    expect(text('select 1 -- done')).toBe('select 1');
    expect(text(`select ';'`)).toBe(`select ';'`);
    expect(text('select 1;;')).toBe('select 1;');
    expect(text(' -- nothing\n')).toBe('');
  });

  it('finds exactly the placeholders in any mixture of pieces (seeds 1 to 500)', () => {
    for (let seed = 1; seed <= 500; seed += 1) {
      const random = seededRandom(seed);
      const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
      const pieces = Array.from({ length: 1 + Math.floor(random() * 12) }, () => {
        const opaque = pick(OPAQUE);
        return random() < 0.5 ? ([opaque, opaque] as const) : pick(CLEAR);
      });
      // A word between two pieces keeps one literal from continuing the one before it.
      const separator = random() < 0.5 ? ' and ' : '\nor\n';
      const build = (side: 0 | 1): string => pieces.map((piece) => piece[side]).join(separator);
      const bound = bindNamed(`select ${build(0)} x`, NAMES);
      expect({ seed, text: bound.text, unknown: bound.unknown }).toEqual({
        seed,
        text: `select ${build(1)} x`,
        unknown: [],
      });
    }
  });

  it('cuts any text into tokens that make up the text again (seeds 1 to 500)', () => {
    const alphabet = [...`ab1 '"$:;-/*()[]E\\\n\u00e9.`];
    for (let seed = 1; seed <= 500; seed += 1) {
      const random = seededRandom(seed);
      const sql = Array.from({ length: 40 }, () => alphabet[Math.floor(random() * alphabet.length)]).join('');
      const tokens = sqlTokens(sql);
      expect(tokens.map((token) => token.text).join(''), `seed ${seed}`).toBe(sql);
      expect(
        tokens.every((token, index) => token.start === (tokens[index - 1]?.end ?? 0)),
        `seed ${seed}`,
      ).toBe(true);
    }
  });
});

describe('an SQL file', () => {
  const problems = (sql: string, kind: SqlKind): string =>
    sqlProblems(sql, kind, 'x.sql').map(formatProblem).join('\n') || 'accepted';

  it('may be a model with both parameters, or a compiled one with none', () => {
    expect(problems('select * from t where d >= :partition_start and d < :partition_end;', 'transform')).toBe(
      'accepted',
    );
    expect(problems('with a as (select 1) select * from a', 'transform')).toBe('accepted');
    expect(problems('/* compiled */ (select 1) union all values (2) -- end', 'transform')).toBe('accepted');
  });

  it('uses the parameters of its kind', () => {
    expect(problems('select :partition_start', 'transform')).toMatchInlineSnapshot(
      `"x.sql:1:8  the statement does not use :partition_end; allowed: both of :partition_start and :partition_end"`,
    );
    expect(problems('select 1', 'totals')).toMatchInlineSnapshot(
      `"x.sql:1:1  the statement does not use :range_start and :range_end; allowed: both of :range_start and :range_end"`,
    );
    expect(problems('select :range_start', 'totals')).toMatchInlineSnapshot(
      `"x.sql:1:8  the statement does not use :range_end; allowed: both of :range_start and :range_end"`,
    );
    expect(problems('select :partition_start, :partition_end', 'totals')).toMatchInlineSnapshot(`
      "x.sql:1:8  unknown parameter ":partition_start"; allowed: :range_start and :range_end
      x.sql:1:26  unknown parameter ":partition_end"; allowed: :range_start and :range_end"
    `);
    expect(problems('select d\nfrom t\nwhere d >= :partion_start and d < :until', 'transform')).toMatchInlineSnapshot(`
      "x.sql:3:12  unknown parameter ":partion_start"; did you mean ":partition_start"?
      x.sql:3:35  unknown parameter ":until"; allowed: :partition_start and :partition_end"
    `);
    expect(problems('select $1', 'transform')).toMatchInlineSnapshot(
      `"x.sql:1:8  unknown parameter "$1"; allowed: :partition_start and :partition_end"`,
    );
    expect(problems('select :partition_start', 'monitor')).toMatchInlineSnapshot(
      `"x.sql:1:8  unknown parameter ":partition_start"; allowed: :range_start and :range_end and :interval"`,
    );
    expect(problems('select now(), :x', 'probe')).toMatchInlineSnapshot(
      `"x.sql:1:15  unknown parameter ":x"; allowed: no parameters in a probe"`,
    );
  });

  it('is one query that only reads', () => {
    expect(problems('', 'probe')).toMatchInlineSnapshot(
      `"x.sql:1:1  the file holds no statement; allowed: one SELECT"`,
    );
    expect(problems('-- later\n;', 'probe')).toMatchInlineSnapshot(
      `"x.sql:2:1  the statement is not a query: it begins with ";"; allowed: SELECT, WITH, VALUES or an opening parenthesis"`,
    );
    expect(problems('select 1; select 2', 'probe')).toMatchInlineSnapshot(
      `"x.sql:1:11  more than one statement; the second begins with "select""`,
    );
    expect(problems('select 1;;', 'probe')).toMatchInlineSnapshot(
      `"x.sql:1:10  more than one statement; the second begins with ";""`,
    );
    expect(problems('update t set a = 1', 'probe')).toMatchInlineSnapshot(
      `"x.sql:1:1  the statement is not a query: it begins with "update"; allowed: SELECT, WITH, VALUES or an opening parenthesis"`,
    );
    expect(problems('with x as (delete from t returning *) select * from x', 'probe')).toMatchInlineSnapshot(
      `"x.sql:1:12  the statement changes data: "delete"; allowed: reading only"`,
    );
    expect(problems('with x as (select 1) insert into t select * from x', 'probe')).toMatchInlineSnapshot(
      `"x.sql:1:22  the statement changes data: "insert"; allowed: reading only"`,
    );
    expect(problems('select 1 into t', 'probe')).toMatchInlineSnapshot(
      `"x.sql:1:10  the statement creates a table: "into"; allowed: reading only"`,
    );
    expect(problems('select * from t for no key update', 'probe')).toMatchInlineSnapshot(
      `"x.sql:1:17  the statement locks rows: "for no"; allowed: reading only"`,
    );
    expect(problems('select updated_at, "into", \'delete\' from t -- update', 'probe')).toBe('accepted');
  });

  it('closes what it opens', () => {
    expect(problems(`select 'a`, 'probe')).toMatchInlineSnapshot(`"x.sql:1:8  a text literal without its end "'a""`);
    expect(problems('select "a', 'probe')).toMatchInlineSnapshot(`"x.sql:1:8  a quoted name without its end "\\"a""`);
    expect(problems('select 1 /* /* */', 'probe')).toMatchInlineSnapshot(
      `"x.sql:1:10  a comment without its end "/* /* */""`,
    );
    expect(problems('select $a$ $b$', 'probe')).toMatchInlineSnapshot(
      `"x.sql:1:8  a text literal without its end "$a$ $b$""`,
    );
    expect(problems(`select E'a\\'`, 'probe')).toMatchInlineSnapshot(
      `"x.sql:1:8  a text literal without its end "E'a\\\\'""`,
    );
  });
});
