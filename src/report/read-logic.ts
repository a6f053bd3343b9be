import type { BackfillPlan } from '../domain/backfill-plan.ts';
import type { Reproduction } from '../domain/reproduction.ts';
import type { SeamRow } from '../domain/seam.ts';
import type { Check } from '../domain/verdict.ts';
import { eraBuilds } from '../ledger/chosen-partitions.ts';
import type { Session } from '../warehouse/session.ts';
import type { LogicReport } from './report.ts';

/** The body of a proof's evidence, as far as the report reads it. */
export interface ProofBody extends Partial<Reproduction> {
  readonly proof?: string;
  readonly checks: readonly Check[];
  readonly rows?: readonly SeamRow[];
}

/** The newest of each proof, and the versions by the checkpoints. */
export async function readLogic(
  session: Session,
  plan: BackfillPlan,
  proofs: readonly ProofBody[],
): Promise<LogicReport> {
  const newest = (name: string): ProofBody | undefined => proofs.filter(({ proof }) => proof === name).at(-1);
  const { partitions, effects } = newest('reproduction') ?? {};
  const built = await session.rows<{ era: number; transformSha256: string; partitions: number }>(
    eraBuilds(plan.backfillId),
  );
  return {
    reproduction: partitions === undefined || effects === undefined ? null : { partitions, effects },
    seamRows: newest('seam')?.rows ?? [],
    eras: built.map((one) => {
      const era = plan.eras[one.era - 1];
      return { ...one, from: era?.from ?? '', file: era?.sha256 === one.transformSha256 ? era.file : null };
    }),
  };
}
