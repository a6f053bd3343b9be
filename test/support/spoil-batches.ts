import type pg from 'pg';
import { readFile } from 'node:fs/promises';
import { draftPlan } from '../../src/planning/draft-plan.ts';
import { readDocuments } from '../../src/planning/read-documents.ts';
import { SHORT, createPool, withSession } from '../../src/warehouse/session.ts';
import { CONTRACTS } from './world.ts';

/** `start` is the first day of the batch. */
export interface Spoilt {
  readonly start: string;
}

const WEEK_MS = 7 * 86_400_000;
/** Batches of the example before its second era: every seven days from the first on. */
const FIRST_DAY = '2024-12-01';
const WEEKS = 30;

/**
 * Raises what is published in `count` batches of the example by five per cent, in weeks that a rehearsal does not look into:
 * the samples meet every expectation, and those batches alone break theirs. Rehearses first, to know the samples.
 */
export async function spoilBatches(admin: pg.Pool, workerUrl: string, count: number): Promise<Spoilt[]> {
  const sampled = await sampledDays(workerUrl);
  const weeks = Array.from({ length: WEEKS }, (_, week) => dayAfter(FIRST_DAY, week));
  const spoilt = weeks
    .filter((start) => !sampled.some((day) => day >= start && day < dayAfter(start, 1)))
    .slice(3, 3 + count);
  if (spoilt.length < count) throw new Error(`the samples leave ${spoilt.length} weeks alone, ${count} are needed`);
  for (const start of spoilt)
    await admin.query(
      'UPDATE finance.daily_revenue SET net_revenue = net_revenue * 1.05 WHERE revenue_date >= $1 AND revenue_date < $2',
      [start, dayAfter(start, 1)],
    );
  return spoilt.map((start) => ({ start }));
}

async function sampledDays(workerUrl: string): Promise<string[]> {
  const text = await readFile(new URL('../../examples/daily-revenue/backfill.yaml', import.meta.url), 'utf8');
  const contracts = { folder: CONTRACTS, allowDirty: true };
  const read = await readDocuments({ file: 'backfill.yaml', text }, [], contracts, new Date());
  if (!read.ok) throw new Error(read.problems.join('\n'));
  const pool = createPool(workerUrl, 1);
  try {
    const draft = await withSession(pool, SHORT, (session) => draftPlan(session, read.documents, null, () => null));
    if (draft.kind === 'refused') throw new Error(draft.reasons.join('\n'));
    return draft.rehearsal.partitions.map(({ partition }) => partition);
  } finally {
    await pool.end();
  }
}

function dayAfter(day: string, weeks: number): string {
  return new Date(Date.parse(day) + weeks * WEEK_MS).toISOString().slice(0, 10);
}
