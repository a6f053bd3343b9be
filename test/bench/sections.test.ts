import { describe, expect, it } from 'vitest';
import type { Section } from '../../bench/overhead/sections.ts';
import { sectionOf } from '../../bench/overhead/sections.ts';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { closeAttempt, openAttempt, takeSlot } from '../../src/ledger/attempts.ts';
import { claimBatch, lockClaim } from '../../src/ledger/batches.ts';
import { countProgress } from '../../src/ledger/counts.ts';
import { dirtyPartitionsOfBatch, expandMarks } from '../../src/ledger/dirty-marks.ts';
import { insertEvidence, waivers } from '../../src/ledger/evidence.ts';
import { checkpoint, partitionsOfBatch } from '../../src/ledger/partitions.ts';
import { readPlan } from '../../src/ledger/runs.ts';
import { recordSpending, spentToday } from '../../src/ledger/spending.ts';
import { baseFingerprint } from '../../src/warehouse/postgres/statements/base-fingerprint.ts';
import { beginPartition, deleteSlice } from '../../src/warehouse/postgres/statements/delete-slice.ts';
import { insertSlice } from '../../src/warehouse/postgres/statements/insert-slice.ts';
import { reconcileSlice } from '../../src/warehouse/postgres/statements/reconcile-slice.ts';
import { sourceTotalDifference } from '../../src/warehouse/postgres/statements/source-total-difference.ts';
import type { Sql } from '../../src/warehouse/sql.ts';
import { EXPECTS_NOTHING } from '../support/expectations.ts';

const FILE = { file: 'a.sql', sha256: '' };
const PLAN = {
  backfillId: 'fix-tax',
  table: { schema: 'finance', name: 'sales' },
  shadow: { schema: 'finance', name: 'sales_v2' },
  snapshot: { schema: 'finance', name: 'sales_before' },
  keyType: 'date',
  keyRanges: [{ start: '2025-01-01', end: '2025-02-01' }],
  uniqueKey: ['day'],
  comparedColumns: ['day', 'net'],
  addedColumns: [],
  inputs: [],
  columns: [{ name: 'day' }, { name: 'net' }],
  eras: [{ ...FILE, from: '2024-01-01', text: 'select day, net from a where day >= :partition_start' }],
  contract: {
    partition: { key: 'day' },
    required: [],
    dimensions: [],
    personal: [],
    measures: { net: 'sum(net)' },
    explanations: {},
  },
  spec: { validation: EXPECTS_NOTHING },
} as unknown as BackfillPlan;
const SLICE = { start: '2025-01-01', end: '2025-01-02', era: 1 };
const PARTITION = { ...SLICE, ordinal: 1, batch: 1, state: 'planned' as const, moved: false, bytes: 0, gateCancels: 0 };
const TOTAL = {
  ...FILE,
  text: 'select day as partition_start, sum(net) as value from a group by day',
  tolerance: 0,
  figures: null,
};

/** What a rebuild runs, from the product's own builders: a statement that is written another way shows up here. */
const STATEMENTS: readonly (readonly [Section, Sql])[] = [
  ['checkpoint', baseFingerprint(PLAN, SLICE)],
  ['rebuild', deleteSlice(PLAN, SLICE)],
  ['rebuild', beginPartition(PLAN, SLICE)],
  ['rebuild', insertSlice(PLAN, SLICE)],
  [
    'checkpoint',
    checkpoint(PLAN, PARTITION, {
      fence: 1,
      inputState: null,
      readBefore: { fetched: 0, hit: 0 },
      durationMs: 1,
      transformSha256: '',
      baseFingerprint: '0:0',
    }),
  ],
  ['reconcile', reconcileSlice(PLAN, { ...SLICE, batch: 1 })],
  ['totals', sourceTotalDifference(PLAN, 'net', TOTAL, SLICE)],
  ['verdict', insertEvidence('fix-tax', 'batch', 1, {}, '')],
  ['verdict', recordSpending('fix-tax', { what: '', bytes: 1, cachedBytes: 1, durationMs: 1 })],
  ['verdict', waivers('fix-tax')],
  ['claim', claimBatch('fix-tax', 1, 1)],
  ['claim', expandMarks(PLAN)],
  ['claim', partitionsOfBatch('fix-tax', 1)],
  ['claim', dirtyPartitionsOfBatch(PLAN, 1)],
  ['guards', takeSlot('fix-tax', 2)],
  ['guards', lockClaim('fix-tax', 1, 1)],
  ['gate', spentToday('fix-tax')],
  ['attempt', openAttempt('fix-tax', 1)],
  ['attempt', closeAttempt(1)],
  ['attempt', countProgress('fix-tax')],
  ['attempt', readPlan('fix-tax')],
];

describe('the section of a statement', () => {
  it.each(STATEMENTS.map(([section, { text }]) => [section, text] as const))('is %s for %s', (section, text) => {
    expect(sectionOf(text)).toBe(section);
  });

  it.each([
    ['gate', 'SELECT running, since, name FROM (\nselect true\n) probe LIMIT 1'],
    ['gate', 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'],
    ['commit', 'BEGIN ISOLATION LEVEL READ COMMITTED'],
    ['commit', 'COMMIT'],
    ['attempt', 'SET application_name = $1'],
    ['rebuild', 'INSERT INTO "finance"."sales_v2" (day) SELECT $1'],
  ])('is %s for %s', (section, text) => {
    expect(sectionOf(text)).toBe(section);
  });
});
