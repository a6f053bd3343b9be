import type { BackfillPlan, PlannedSql } from '../src/domain/backfill-plan.ts';
import { boundarySeries } from '../src/ledger/boundary-series.ts';
import { sumBatches } from '../src/ledger/batches.ts';
import { dimensionTotals } from '../src/ledger/compared-parts.ts';
import type { LedgerPartition } from '../src/ledger/partitions.ts';
import { sha256 } from '../src/spec/fingerprint.ts';
import { countKeysElsewhere } from '../src/warehouse/postgres/statements/keys-elsewhere.ts';
import { differingColumns } from '../src/warehouse/postgres/statements/differing-columns.ts';
import { restatedPeriods } from '../src/warehouse/postgres/statements/restated-periods.ts';
import { shadowTotals } from '../src/warehouse/postgres/statements/slice-measures.ts';
import type { Sql } from '../src/warehouse/sql.ts';

/** By what they were asked for: sha256 of each statement's text. What is bound to it stands beside it in the evidence. */
export function statementHashes(statements: Readonly<Record<string, Sql>>): Record<string, string> {
  return Object.fromEntries(Object.entries(statements).map(([name, { text }]) => [name, sha256(text)]));
}

/** What made the rows of a batch: the rules of its eras, as the plan froze them. */
export function transformsOf(
  plan: BackfillPlan,
  partitions: readonly LedgerPartition[],
): readonly { readonly from: string; readonly file: string; readonly sha256: string }[] {
  const eras = new Set(partitions.map(({ era }) => era));
  return plan.eras.filter((_, place) => eras.has(place + 1)).map(({ from, ...rest }) => ({ from, ...fileOf(rest) }));
}

/** Everything of a plan that had a say in what was built and found. */
export function sourcesOf(plan: BackfillPlan): unknown {
  return {
    contractSha256: plan.contractSha256,
    codeVersion: plan.codeVersion,
    corrected: plan.eras.map((era) => ({ from: era.from, ...fileOf(era) })),
    trusted: plan.trusted.map((era) => ({ from: era.from, ...fileOf(era) })),
    sourceTotals: Object.fromEntries(
      Object.entries(plan.sourceTotals).map(([name, total]) => [
        name,
        { ...fileOf(total), tolerance: total.tolerance },
      ]),
    ),
  };
}

/** The statements that figures of a whole run come from; those of its batches stand in the evidence of each. */
export function runStatements(plan: BackfillPlan): Record<string, string> {
  return statementHashes({
    totals: shadowTotals(plan),
    figures: sumBatches(plan.backfillId),
    dimensions: dimensionTotals(plan.backfillId),
    boundary: boundarySeries(plan),
    columns: differingColumns(plan),
    keys_elsewhere: countKeysElsewhere(plan),
    closed_periods: restatedPeriods(plan),
  });
}

function fileOf({ file, sha256: hash }: Pick<PlannedSql, 'file' | 'sha256'>): { file: string; sha256: string } {
  return { file, sha256: hash };
}
