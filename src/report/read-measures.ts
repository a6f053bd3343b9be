import type { BackfillPlan } from '../domain/backfill-plan.ts';
import type { ReconciliationFigures } from '../domain/batch-verdict.ts';
import type { Artifact } from '../ledger/artifacts.ts';
import { artifactsOf } from '../ledger/artifacts.ts';
import type { BatchGroup, MeasureGroup, PointBounds } from '../ledger/measure-series.ts';
import { batchSeries, measureSeries, pointBounds } from '../ledger/measure-series.ts';
import type { Session } from '../warehouse/session.ts';
import { compare } from './comparison.ts';
import type { MeasureReport, Report } from './report.ts';

/** More points than this lie closer than two pixels on the page. */
const POINTS = 600;

type Series = Pick<MeasureReport, 'months' | 'points'>;

/** Every measure in all, by month and along the partition key, in at most about 600 points. */
export async function readMeasures(
  session: Session,
  plan: BackfillPlan,
  figures: ReconciliationFigures,
): Promise<Pick<Report, 'measures' | 'seriesFrom' | 'perPoint'>> {
  const tables = await presentTables(session, plan.backfillId);
  const perPoint = Math.max(1, Math.ceil((tables === null ? plan.batches : plan.partitions) / POINTS));
  const series =
    tables === null ? await fromBatches(session, plan, perPoint) : await fromTables(session, plan, tables, perPoint);
  const measures = Object.entries(plan.contract.measures).map(([name, expression]) => {
    const totals = figures.measures[name];
    return {
      name,
      expression,
      expected: plan.spec.validation.deltaExpected[name] ?? {},
      ...compare(totals?.old ?? '0', totals?.new ?? '0'),
      ...series(name),
    };
  });
  // What the spec expects something of comes first.
  const inOrder = [...measures].sort((a, b) => Number(isExpected(b)) - Number(isExpected(a)));
  return { measures: inOrder, seriesFrom: tables === null ? 'batches' : 'tables', perPoint };
}

function isExpected({ expected }: MeasureReport): boolean {
  return Object.keys(expected).length > 0;
}

/** Names as they are now, by the OIDs that were recorded; null unless both tables are there. */
async function presentTables(session: Session, backfillId: string): Promise<{ old: string; new: string } | null> {
  const artifacts = await session.rows<Artifact>(artifactsOf(backfillId));
  const present = (kind: Artifact['kind']): string | null =>
    artifacts.find((one) => one.kind === kind)?.present ?? null;
  const old = present('snapshot');
  const rebuilt = present('shadow');
  return old === null || rebuilt === null ? null : { old, new: rebuilt };
}

async function fromTables(
  session: Session,
  plan: BackfillPlan,
  tables: { old: string; new: string },
  perPoint: number,
): Promise<(measure: string) => Series> {
  const bounds = await session.rows<PointBounds>(pointBounds(plan, perPoint));
  const groups = await session.rows<MeasureGroup>(measureSeries(plan, tables, perPoint));
  const byPoint = new Map(groups.filter((group) => group.point !== null).map((group) => [group.point, group]));
  const both = (group: MeasureGroup | undefined, measure: string) =>
    compare(group?.old?.[measure] ?? '0', group?.new?.[measure] ?? '0');
  return (measure) => ({
    months: groups.flatMap((group) => (group.month === null ? [] : [{ month: group.month, ...both(group, measure) }])),
    points: bounds.map(({ point, start, end }) => ({ start, end, ...both(byPoint.get(point), measure) })),
  });
}

async function fromBatches(
  session: Session,
  plan: BackfillPlan,
  perPoint: number,
): Promise<(measure: string) => Series> {
  const groups = await session.rows<BatchGroup>(batchSeries(plan, perPoint));
  return (measure) => {
    const own = groups.filter((group) => group.measure === measure);
    return {
      months: own.flatMap((group) =>
        group.month === null ? [] : [{ month: group.month, ...compare(group.old, group.new) }],
      ),
      points: own.flatMap((group) =>
        group.point === null ? [] : [{ start: group.start, end: group.end, ...compare(group.old, group.new) }],
      ),
    };
  };
}
