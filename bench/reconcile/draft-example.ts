import { readFile } from 'node:fs/promises';
import type pg from 'pg';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { EXAMPLE_CONTRACTS, EXAMPLE_SPEC } from '../../src/local/local-stack-with-example.ts';
import { draftPlan } from '../../src/planning/draft-plan.ts';
import { readDocuments } from '../../src/planning/read-documents.ts';
import { SHORT, withSession } from '../../src/warehouse/session.ts';

/** The example's plan over so many days, with everything asked for that a check can be asked for. */
export async function draftExample(
  pool: pg.Pool,
  { first, last }: { readonly first: string; readonly last: string },
): Promise<BackfillPlan> {
  const text = (await readFile(EXAMPLE_SPEC, 'utf8')).replace(
    /^validation:$/m,
    'validation:\n  max_unexplained_rows: 1000000\n  max_unexplained_delta: { revenue: 1000000000 }\n  tolerances: { tax_amount: { absolute: 0.005, drift: 1 } }',
  );
  const overrides = [
    { path: 'source_range.start', value: first },
    { path: 'source_range.end', value: last },
  ];
  const contracts = { folder: EXAMPLE_CONTRACTS, allowDirty: true };
  const read = await readDocuments({ file: 'backfill.yaml', text }, overrides, contracts, new Date());
  if (!read.ok) throw new Error(read.problems.join('\n'));
  const draft = await withSession(pool, { ...SHORT, statementTimeoutMs: 300_000 }, (session) =>
    draftPlan(session, read.documents, null, () => null),
  );
  if (draft.kind === 'refused') throw new Error(draft.reasons.join('\n'));
  return { ...draft.plan, contract: { ...draft.plan.contract, dimensions: ['merchant_id'] } };
}
