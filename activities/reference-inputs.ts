import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import type { InputContent } from '../src/domain/reference-input.ts';
import { describeChange, sameInputs } from '../src/domain/reference-input.ts';
import { formatName } from '../src/domain/names.ts';
import type { Check } from '../src/domain/verdict.ts';
import type { InputState } from '../src/ledger/reference-inputs.ts';
import {
  batchesBuilt,
  countInputStates,
  inputsSeen,
  insertInputs,
  knownInputs,
  nextInputState,
} from '../src/ledger/reference-inputs.ts';
import { recordSpending } from '../src/ledger/spending.ts';
import type { BlocksRead } from '../src/warehouse/postgres/statements/blocks-read.ts';
import { BLOCK_BYTES, BLOCKS_READ } from '../src/warehouse/postgres/statements/blocks-read.ts';
import { inputFingerprint } from '../src/warehouse/postgres/statements/input-fingerprint.ts';
import type { Session } from '../src/warehouse/session.ts';
import { withTransaction } from '../src/warehouse/session.ts';
import { sql } from '../src/warehouse/sql.ts';
import { failure } from './activity-failure.ts';
import { naming } from './naming.ts';

export interface Looked {
  readonly contents: readonly InputContent[];
  /** Before the first of them was read. */
  readonly at: Date;
}

export interface KnownInputs {
  readonly inForce: readonly InputState[];
  /** The newest that was found and shown, and that nobody decided on; empty where there is none. */
  readonly pending: readonly InputState[];
}

/**
 * Holds the run where an unpartitioned input is no longer what everything so far was built from: one history from two
 * states of a reference table would be neither. Read as a whole each time, because nothing less shows that a table is
 * unchanged: statistics come late, and a deleted row leaves no trace.
 */
export async function refuseChangedInputs(session: Session, plan: BackfillPlan, before: string): Promise<void> {
  if (plan.inputs.length === 0) return;
  const { contents, at } = await lookAtInputs(session, plan, before);
  const { inForce, pending } = await readKnownInputs(session, plan);
  if (pending.length === 0 && sameInputs(inForce, contents)) {
    await session.change(inputsSeen(plan.backfillId, at));
    return;
  }
  const found = sameInputs(inForce, contents) ? pending : contents;
  throw failure('InputChanged', await keepFound(session, plan, { inForce, pending }, found));
}

/** Keeps in the ledger what a person is shown, so that exactly this is accepted. Answers it in words. */
export async function keepFound(
  session: Session,
  { backfillId }: BackfillPlan,
  { inForce, pending }: KnownInputs,
  found: readonly InputContent[],
): Promise<string> {
  if (!sameInputs(pending, found)) {
    const { state } = await session.one<{ state: number }>(nextInputState(backfillId));
    await session.change(insertInputs(backfillId, state, found, null));
  }
  const built = await session.rows<{ batch: number }>(batchesBuilt(backfillId));
  return describeChange(
    inForce,
    found,
    built.map(({ batch }) => batch),
  );
}

export async function readKnownInputs(session: Session, plan: BackfillPlan): Promise<KnownInputs> {
  const known = await session.rows<InputState>(knownInputs(plan.backfillId));
  const newest = Math.max(...known.map(({ state }) => state));
  return {
    inForce: known.filter(({ accepted }) => accepted),
    pending: known.filter(({ accepted, state }) => !accepted && state === newest),
  };
}

/** That nothing of another state is left, by the checkpoints; none where the dataset has no such input. */
export async function inputChecks(session: Session, plan: BackfillPlan): Promise<Check[]> {
  if (plan.inputs.length === 0) return [];
  const { built, other } = await session.one<{ built: number; other: number }>(countInputStates(plan.backfillId));
  return [
    {
      name: 'reference_inputs',
      level: 'run',
      verdict: other === 0 ? 'pass' : 'fail',
      figure: other === 0 ? `${built} partitions of one state` : `${other} of ${built} partitions of another state`,
      limit: 'every partition built from one state of the reference inputs',
    },
  ];
}

/** Counted into the budget like every check. */
export function lookAtInputs(session: Session, plan: BackfillPlan, before: string): Promise<Looked> {
  const began = Date.now();
  return withTransaction(session, async () => {
    const read = await session.one<BlocksRead>(sql(BLOCKS_READ));
    const found: (InputContent & { readonly at: Date })[] = [];
    for (const input of plan.inputs) {
      const name = formatName(input.name);
      const seen = session.one<Omit<InputContent, 'input'> & { at: Date }>(inputFingerprint(input));
      found.push({ input: name, ...(await naming(`reference input ${name}`, seen)) });
    }
    const { fetched, hit } = await session.one<BlocksRead>(sql(BLOCKS_READ));
    await session.change(
      recordSpending(plan.backfillId, {
        what: `check reference inputs before ${before}`,
        bytes: Math.max(0, fetched - read.fetched) * BLOCK_BYTES,
        cachedBytes: Math.max(0, hit - read.hit) * BLOCK_BYTES,
        durationMs: Date.now() - began,
      }),
    );
    const contents = found.map(({ input, rows, fingerprint }) => ({ input, rows, fingerprint }));
    return { contents, at: found[0]?.at ?? new Date(began) };
  });
}
