/** What the time of a batch goes into, as far as statements tell. */
export const SECTIONS = {
  rebuild: 'rebuild: delete and insert, marks consumed',
  checkpoint: 'checkpoint: fingerprint and ledger row',
  commit: 'begin and commit',
  reconcile: 'reconciliation',
  totals: 'source totals',
  verdict: 'verdict, evidence, spending',
  claim: 'claim: batch, its partitions, open marks',
  guards: 'slot and fence',
  gate: 'gate: probe and budget',
  attempt: 'attempt: session settings, plan, counts',
  other: 'other statements',
} as const;

export type Section = keyof typeof SECTIONS;
export type SectionTimes = Readonly<Record<Section, number>>;

/** How a statement of each section begins, or what it holds; the first that fits counts. */
const KNOWN_BY: readonly (readonly [section: Section, pattern: RegExp])[] = [
  ['rebuild', /^INSERT INTO "/],
  ['rebuild', /^DELETE FROM "|^WITH emptied AS \(/],
  ['checkpoint', /^UPDATE governance\.backfill_partitions |^SELECT count\(\*\) \|\| ':'/],
  ['gate', /^BEGIN ISOLATION LEVEL REPEATABLE READ|^ROLLBACK|\) probe LIMIT|^SELECT coalesce\(sum\(bytes/],
  ['commit', /^(BEGIN|COMMIT)/],
  ['reconcile', /^WITH pairs AS MATERIALIZED \(/],
  ['totals', /^WITH planned AS \(/],
  ['verdict', /^UPDATE governance\.backfill_batches SET state/],
  ['verdict', /governance\.backfill_evidence|^INSERT INTO governance\.backfill_spending/],
  ['claim', /^UPDATE governance\.backfill_batches SET fence|^WITH gone AS \(/],
  ['claim', /^SELECT (p\.ordinal|ordinal, batch, era, .* WHERE backfill_id = \$1 AND batch = )/],
  ['guards', /pg_try_advisory_xact_lock|FOR NO KEY UPDATE$/],
  ['attempt', /^SET |governance\.backfill_attempts|^SELECT plan, |AS "partitionsDone"/],
];

export function sectionOf(statement: string): Section {
  return KNOWN_BY.find(([, pattern]) => pattern.test(statement))?.[0] ?? 'other';
}

export interface StatementTime {
  readonly query: string;
  readonly milliseconds: number;
}

/** Milliseconds by section. */
export function addUp(statements: readonly StatementTime[]): SectionTimes {
  const times = Object.fromEntries(Object.keys(SECTIONS).map((section) => [section, 0])) as Record<Section, number>;
  for (const { query, milliseconds } of statements) times[sectionOf(query)] += milliseconds;
  return times;
}
