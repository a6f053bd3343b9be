import type { BackfillSpec } from '../../domain/backfill-spec.ts';
import { plannedFinish } from '../../domain/finish-dates.ts';
import { formatName } from '../../domain/names.ts';
import type { LedgerRun } from '../../ledger/runs.ts';
import { findActiveRun, findRun } from '../../ledger/runs.ts';
import { draftPlan } from '../../planning/draft-plan.ts';
import { planHashOf } from '../../planning/plan-hash.ts';
import type { Session } from '../../warehouse/session.ts';
import type { CommandResult } from '../command-result.ts';
import { commandError } from '../command-result.ts';
import { EXIT } from '../exit-codes.ts';
import type { DocumentOptions } from '../read-documents.ts';
import { documentsOf, readSpecFile } from '../read-documents.ts';
import { paintFor } from '../render/paint.ts';
import { renderPlan, renderRefusal } from '../render/plan.ts';
import { problemJson, renderProblems } from '../render/problems.ts';
import { loadSettings } from '../settings.ts';
import type { Surroundings } from '../surroundings.ts';
import { hasLedger, withWarehouse } from '../with-warehouse.ts';

/** Draws up the plan against the warehouse: looks, rehearses on samples, leaves nothing behind. No Temporal server is asked. */
export async function plan(path: string, options: DocumentOptions, surroundings: Surroundings): Promise<CommandResult> {
  const settings = loadSettings(surroundings, ['warehouse']);
  const read = await readSpecFile(path, options, settings, surroundings);
  if (!read.ok)
    return {
      exitCode: EXIT.badInput,
      text: renderProblems(path, read.problems),
      json: { kind: 'invalid', problems: read.problems.map(problemJson) },
    };
  const documents = documentsOf(read.file);
  if (documents === null)
    throw commandError(
      EXIT.badInput,
      `the contract of ${path} is not known here: name its folder with --contracts or BACKFILL_CONTRACTS, or put a folder \`contracts\` beside the spec`,
    );
  const { spec } = documents;
  const draft = await withWarehouse(
    settings.config,
    async (session) => {
      const reasons = await earlierRuns(session, spec);
      if (reasons.length > 0) return { kind: 'refused' as const, reasons, warnings: [] };
      return draftPlan(session, documents, settings.config.prices, settings.config.secret);
    },
    { applicationName: `backfill/${spec.backfillId}/plan`, statementTimeoutMs: spec.execution.queryTimeoutMs },
  );
  const paint = paintFor(surroundings);
  if (draft.kind === 'refused')
    return {
      exitCode: EXIT.badInput,
      text: renderRefusal(spec.backfillId, draft, paint),
      json: draft,
    };
  const { plan: planned, rehearsal } = draft;
  const planHash = planHashOf(planned);
  const now = surroundings.now();
  return {
    exitCode: EXIT.done,
    text: `${renderPlan({ plan: planned, rehearsal, planHash, now }, paint)}\n\nNothing was written. Next: backfill start ${path}`,
    json: {
      kind: 'plan',
      planHash,
      plan: planned,
      estimate: planned.estimate,
      finish: plannedFinish(planned, now),
      rehearsal,
      warnings: planned.warnings,
    },
  };
}

/** What a start would be refused for before anything is looked at: a run in the ledger that has this id or this dataset. */
async function earlierRuns(session: Session, { backfillId, target }: BackfillSpec): Promise<readonly string[]> {
  if (!(await hasLedger(session))) return [];
  const [known] = await session.rows<LedgerRun>(findRun(backfillId));
  if (known !== undefined)
    return known.endedAt === null
      ? [`${backfillId} is under way already (${known.status}): backfill status ${backfillId}`]
      : [`${backfillId} has ended (${known.status}); a backfill_id is used once, choose another`];
  const [other] = await session.rows<LedgerRun>(findActiveRun(formatName(target.table)));
  return other === undefined
    ? []
    : [
        `${other.dataset} has an active backfill: ${other.backfillId} (${other.status}); finish, close or abort it first`,
      ];
}
