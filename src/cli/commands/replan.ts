import { resolve } from 'node:path';
import type { FrozenRun } from '../../ledger/runs.ts';
import { readPlan } from '../../ledger/runs.ts';
import { contractNow } from '../../planning/contract-now.ts';
import { describeReplan } from '../../planning/describe-replan.ts';
import { draftReplan } from '../../planning/draft-replan.ts';
import type { CommandResult } from '../command-result.ts';
import { commandError } from '../command-result.ts';
import { EXIT } from '../exit-codes.ts';
import { recordedRun } from '../recorded-run.ts';
import { loadSettings, mayBeDirty } from '../settings.ts';
import type { Surroundings } from '../surroundings.ts';
import { withWarehouse } from '../with-warehouse.ts';

/** What carrying added columns into a run means: the run draws up the same when it is told to, and refuses where it is another by then. */
export async function reviewReplan(
  backfillId: string,
  options: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<CommandResult> {
  const settings = loadSettings(surroundings, ['warehouse']);
  const given = options['contracts'];
  const folder = typeof given === 'string' ? resolve(surroundings.cwd, given) : settings.config.contracts;
  if (folder === null)
    throw commandError(
      EXIT.badInput,
      'whether the transform yields an added column stands in its contract: name its folder with --contracts or BACKFILL_CONTRACTS',
    );
  const draft = await withWarehouse(
    settings.config,
    async (session) => {
      await recordedRun(session, backfillId);
      const frozen = await session.one<FrozenRun>(readPlan(backfillId));
      const contracts = { folder, allowDirty: mayBeDirty(settings, folder) };
      return draftReplan(session, frozen, await contractNow(contracts, frozen.plan.table));
    },
    { applicationName: `backfill/${backfillId}/replan`, statementTimeoutMs: REVIEW_MS },
  );
  if (draft.kind === 'refused')
    return {
      exitCode: EXIT.badInput,
      text: [
        `The plan of ${backfillId} cannot be replaced; nothing was changed.`,
        ...draft.reasons.map((one) => `- ${one}`),
      ].join('\n'),
      json: draft,
    };
  const { replan } = draft;
  const { planHash, replaces, rebuild, plan } = replan;
  const lines = describeReplan(replan);
  return {
    exitCode: EXIT.done,
    text: [`A replan of ${backfillId} would:`, ...lines.map((line) => `- ${line}`), '', 'Nothing was changed.'].join(
      '\n',
    ),
    json: {
      kind: 'replan',
      backfillId,
      planHash,
      replaces,
      rebuild,
      addedColumns: plan.addedColumns,
      viewColumns: plan.viewColumns,
      lines,
    },
  };
}

/** One pass over the interval of the base; a run has its own limit for it. */
const REVIEW_MS = 15 * 60_000;
