/** What may stand in a document at one place. `later` words are understood and refused: nothing that is written may be ignored. */
export type Word =
  | { readonly kind: 'value' }
  | { readonly kind: 'later' }
  | { readonly kind: 'section'; readonly words: Words; readonly suffixes: Words }
  | { readonly kind: 'list'; readonly item: Word }
  | { readonly kind: 'named'; readonly name: NameRule; readonly item: Word };

export interface Words {
  readonly [word: string]: Word;
}

export interface NameRule {
  readonly what: string;
  readonly pattern: RegExp;
  readonly allowed: string;
}

const VALUE: Word = { kind: 'value' };
const LATER: Word = { kind: 'later' };

function section(words: Words, suffixes: Words = {}): Word & { kind: 'section' } {
  return { kind: 'section', words, suffixes };
}

function list(item: Word): Word {
  return { kind: 'list', item };
}

function named(name: NameRule, item: Word): Word {
  return { kind: 'named', name, item };
}

/** So that `<measure>_delta_expected` is a field name, and a column alias that needs no quotes. */
const SQL_WORD: NameRule = {
  what: 'a plain name',
  pattern: /^[a-z][a-z0-9_]{0,39}$/,
  allowed: 'up to 40 lower-case letters, digits and underscores, beginning with a letter',
};

const LABEL: NameRule = {
  what: 'a plain name',
  pattern: /^[A-Za-z0-9][\w.-]{0,62}$/,
  allowed: 'up to 63 letters, digits, dots, hyphens and underscores',
};

const ANNOUNCE = list(section({ webhook: VALUE, file: VALUE, when: VALUE }));

/** As a person or a party is named in a contract. */
const PERSON: NameRule = {
  what: 'a name of one line',
  pattern: /^\S(?:[^\p{Cc}]{0,98}\S)?$/u,
  allowed: 'up to 100 characters in one line',
};

/** Read as a column name where its value is read. */
const COLUMN: NameRule = { what: 'a column name', pattern: /^.+$/su, allowed: 'the name of one column' };

export const SPEC_WORDS = section({
  backfill_id: VALUE,
  owner: VALUE,
  source_range: section({
    start: VALUE,
    end: VALUE,
    exclude: list(section({ start: VALUE, end: VALUE })),
  }),
  target: section({ table: VALUE, partition_key: VALUE }),
  reason: section({ issue: VALUE, change: VALUE }),
  execution: section({
    partitions_per_batch: VALUE,
    max_concurrency: VALUE,
    pause_during_live_pipeline: VALUE,
    order: VALUE,
    query_timeout: VALUE,
    lock_timeout: VALUE,
    daily_bytes_budget: VALUE,
    pause_windows: list(section({ from: VALUE, to: VALUE, time_zone: VALUE })),
    daily_cost_budget: VALUE,
    source_rate_limit: LATER,
    load_limits: LATER,
    compute: LATER,
  }),
  validation: section(
    {
      row_count_tolerance: VALUE,
      input_drift: VALUE,
      max_unexplained_rows: section({ batch: VALUE, run: VALUE }),
      max_unexplained_delta: named(SQL_WORD, section({ batch: VALUE, run: VALUE })),
      tolerances: named(COLUMN, section({ absolute: VALUE, relative: VALUE, drift: VALUE })),
      boundary: section({ deviations: VALUE, least: VALUE, history: VALUE }),
      sample_rows: VALUE,
      required: VALUE,
    },
    { _delta_expected: section({ partition: VALUE, batch: VALUE, run: VALUE, by: named(COLUMN, VALUE) }) },
  ),
  publication: section({
    strategy: VALUE,
    late_drift: section({ partitions: VALUE, measure: VALUE, max_lag: VALUE }),
    max_fence: VALUE,
    direct_readers: VALUE,
    approvals: LATER,
    announce: ANNOUNCE,
  }),
  rollback: section({
    snapshot: VALUE,
    window: VALUE,
    retain_after_sign_off: VALUE,
    settle_after: LATER,
    monitors: VALUE,
    auto_rollback: VALUE,
  }),
});

/** Publication strategies that are understood but that this version does not carry out. */
export const LATER_STRATEGIES = ['view', 'copy'] as const;

const ERAS = list(section({ from: VALUE, sql: VALUE }));

export const CONTRACT_WORDS = section({
  dataset: VALUE,
  owner: VALUE,
  approvers: VALUE,
  approval: section({ identification: VALUE, keys: named(PERSON, VALUE) }),
  closed_periods: list(section({ name: VALUE, start: VALUE, end: VALUE, approver: VALUE })),
  sign_off: VALUE,
  published_view: VALUE,
  partition: section({ key: VALUE, grain: VALUE, time_zone: VALUE }),
  unique_key: VALUE,
  required: VALUE,
  dimensions: VALUE,
  personal: VALUE,
  measures: named(SQL_WORD, VALUE),
  transform: section({ corrected: ERAS, trusted: ERAS, range_safe: VALUE }),
  source_totals: named(SQL_WORD, section({ sql: VALUE, csv: VALUE, tolerance: VALUE })),
  reference_inputs: VALUE,
  explanations: named(SQL_WORD, VALUE),
  live_pipeline: section({
    running: VALUE,
    http: section({ url: VALUE, header: VALUE, path: VALUE, running_when: VALUE }),
    started_signal_expires: VALUE,
    capture: VALUE,
  }),
  consumers: named(
    LABEL,
    section({
      owner: VALUE,
      monitor: VALUE,
      http: section({ url: VALUE, header: VALUE, path: VALUE, measured_at: VALUE }),
      canary: section({ sql: VALUE, role: VALUE, runs: VALUE }),
      expect: VALUE,
      measure: VALUE,
      every: VALUE,
      after: VALUE,
      failures: VALUE,
      on_breach: VALUE,
    }),
  ),
  announce: ANNOUNCE,
  deadlines: section({ approval: VALUE, sign_off: VALUE, hold: VALUE }),
  escalation: section({ contact: VALUE, webhook: VALUE, file: VALUE }),
  downstream: list(section({ dataset: VALUE, owner: VALUE, refresh: VALUE, partitions: VALUE })),
});
