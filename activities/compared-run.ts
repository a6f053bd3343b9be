import { isAdditive } from '../src/domain/additive.ts';
import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import { judgeBoundaries } from '../src/domain/boundary.ts';
import type { ComparedDimensions } from '../src/domain/comparison.ts';
import type { Check } from '../src/domain/verdict.ts';
import type { SeriesRow } from '../src/ledger/boundary-series.ts';
import { boundarySeries } from '../src/ledger/boundary-series.ts';
import type { DimensionTotal } from '../src/ledger/compared-parts.ts';
import { dimensionTotals } from '../src/ledger/compared-parts.ts';
import { differingColumns } from '../src/warehouse/postgres/statements/differing-columns.ts';
import type { Session } from '../src/warehouse/session.ts';

/** Every dimension over all batches, as they were compared last. */
export async function dimensionsOfRun(session: Session, plan: BackfillPlan): Promise<ComparedDimensions> {
  const { dimensions } = plan.contract;
  if (dimensions.length === 0) return {};
  const totals = await session.rows<DimensionTotal>(dimensionTotals(plan.backfillId));
  return Object.fromEntries(
    dimensions.map((dimension) => {
      const own = totals.filter((one) => one.dimension === dimension);
      return [dimension, own.some(({ crowded }) => crowded) ? null : own];
    }),
  );
}

/** Steps of every sum where two pieces of the corrected series meet. */
export async function boundaryChecks(session: Session, plan: BackfillPlan): Promise<Check[]> {
  const { boundary } = plan.spec.validation;
  if (boundary === null) return [];
  const names = Object.entries(plan.contract.measures).filter(([, expression]) => isAdditive(expression));
  if (names.length === 0) return [];
  const rows = await session.rows<SeriesRow>(boundarySeries(plan));
  return names.map(([measure]) => {
    const series = rows.map((row) => ({ ...row, old: Number(row.old[measure]), new: Number(row.new[measure]) }));
    return judgeBoundaries(measure, series, boundary, plan.contract.partition.grain);
  });
}

/** Whether the columns of the corrected rows are those of the base. */
export async function columnsCheck(session: Session, plan: BackfillPlan): Promise<Check> {
  const differing = await session.rows<{ difference: string }>(differingColumns(plan));
  return {
    name: 'columns',
    level: 'structural',
    verdict: differing.length === 0 ? 'pass' : 'fail',
    figure: differing.length === 0 ? 'none differs' : differing.map(({ difference }) => difference).join(', '),
    limit: 'names, order, types, collations and NOT NULL of the base',
  };
}
