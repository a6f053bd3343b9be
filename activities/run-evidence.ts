import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import type { ReconciliationFigures } from '../src/domain/batch-verdict.ts';
import { formatPercent, judge, percentChange } from '../src/domain/batch-verdict.ts';
import type { Evidence } from '../src/domain/backfill-state.ts';
import type { ComparedDimensions } from '../src/domain/comparison.ts';
import { headlineMeasure } from '../src/domain/delta-distribution.ts';
import { drillDowns } from '../src/domain/drill-down.ts';
import type { PreviousEvidence } from '../src/domain/previous-evidence.ts';
import type { Check } from '../src/domain/verdict.ts';
import { firstFailure } from '../src/domain/verdict.ts';
import type { Waiver } from '../src/domain/waiver.ts';
import { waive } from '../src/domain/waiver.ts';
import { boundaryChecks, columnsCheck, dimensionsOfRun } from './compared-run.ts';
import { sumBatches } from '../src/ledger/batches.ts';
import { insertAnnouncement } from '../src/ledger/events.ts';
import { evidenceAskedBefore, evidenceOf, insertEvidence, waivers } from '../src/ledger/evidence.ts';
import { subtractDecimals } from '../src/domain/decimal.ts';
import type { RestatedPeriod } from '../src/report/report.ts';
import { fingerprint } from '../src/spec/fingerprint.ts';
import type { Session } from '../src/warehouse/session.ts';
import { countKeysElsewhere, keysMayRepeat } from '../src/warehouse/postgres/statements/keys-elsewhere.ts';
import type { PeriodMeasures } from '../src/warehouse/postgres/statements/restated-periods.ts';
import { restatedPeriods } from '../src/warehouse/postgres/statements/restated-periods.ts';
import { shadowTotals } from '../src/warehouse/postgres/statements/slice-measures.ts';
import { withTransaction } from '../src/warehouse/session.ts';
import { sql } from '../src/warehouse/sql.ts';
import type { Circumstances } from '../src/warehouse/postgres/statements/circumstances.ts';
import { circumstances } from '../src/warehouse/postgres/statements/circumstances.ts';
import { runStatements, sourcesOf } from './evidence-sources.ts';
import { tolerances } from './reconcile-batch.ts';
import { inputChecks, readKnownInputs } from './reference-inputs.ts';

/** The one check that a write outside the interval, which leaves no mark, can make fail. */
export const KEYS_ELSEWHERE = 'keys_elsewhere';

export interface RunEvidence {
  readonly evidence: Omit<Evidence, 'reportPath'>;
  readonly failed: Check | null;
}

interface Sums {
  readonly figures: ReconciliationFigures;
  readonly open: number;
  readonly waived: number;
  readonly digest: string;
}

/**
 * Adds the batches up, judges the run, and records passing evidence under a digest of its own instant: what is concluded
 * anew, after live writes or a rollback, is approved anew.
 */
export async function writeRunEvidence(session: Session, plan: BackfillPlan, planHash: string): Promise<RunEvidence> {
  const { totals, rowsOutside } = await session.one<{ totals: Record<string, string>; rowsOutside: number }>(
    shadowTotals(plan),
  );
  const judged = await judgeRun(session, plan, rowsOutside);
  const { sums } = judged;
  const atOnce = [await columnsCheck(session, plan), ...(await boundaryChecks(session, plan))];
  const checks = [...judged.checks, ...(await withWaivers(session, plan, atOnce))];
  const failed = firstFailure(checks) ?? null;
  const previous = await previousEvidence(session, plan, { batchDigest: sums.digest, totals });
  const { asOf } = await session.one<{ asOf: Date }>(sql('SELECT clock_timestamp() AS "asOf"'));
  const { server, ...under } = await session.one<Circumstances>(circumstances());
  const body = {
    backfillId: plan.backfillId,
    dataset: plan.dataset,
    asOf: asOf.toISOString(),
    planHash,
    codeVersion: plan.codeVersion,
    server,
    circumstances: under,
    sources: sourcesOf(plan),
    statements: runStatements(plan),
    interval: plan.keyRanges,
    figures: sums.figures,
    // What readers would see of the interval; the figures leave out rows that the live pipeline wrote.
    totals,
    drillDowns: drillDowns(judged.dimensions, headlineMeasure(plan.contract.measures)),
    closedPeriods: await restated(session, plan),
    previous,
    batchDigest: sums.digest,
    batches: { total: plan.batches, waived: sums.waived },
    proofs: (await session.rows<{ body: unknown }>(evidenceOf(plan.backfillId, 'proof'))).map((one) => one.body),
    inputs: (await readKnownInputs(session, plan)).inForce,
    waivers: (await session.rows<{ body: unknown }>(evidenceOf(plan.backfillId, 'waiver'))).map((one) => one.body),
    checks,
  };
  const evidence = { digest: fingerprint(body), asOf: body.asOf, checks, headlines: headlines(sums.figures), previous };
  if (failed === null)
    await withTransaction(session, async () => {
      await session.change(insertEvidence(plan.backfillId, 'run', null, body, evidence.digest));
      const announced = { dataset: plan.dataset, digest: evidence.digest, headlines: evidence.headlines, previous };
      await session.change(insertAnnouncement(plan.backfillId, 'approval_requested', evidence.digest, announced));
    });
  return { evidence, failed };
}

/**
 * The batches as they are now, added up and judged as one run, waivers in force. Each batch told of its rows when it was
 * checked; where the whole shadow was read since, `rowsOutside` is what was found there.
 */
export async function judgeRun(
  session: Session,
  plan: BackfillPlan,
  rowsOutside?: number,
): Promise<{ sums: Sums; checks: readonly Check[]; dimensions: ComparedDimensions }> {
  const added = await session.one<Sums>(sumBatches(plan.backfillId));
  const sums = rowsOutside === undefined ? added : { ...added, figures: { ...added.figures, rowsOutside } };
  const dimensions = await dimensionsOfRun(session, plan);
  return { sums, checks: await runChecks(session, plan, sums, dimensions), dimensions };
}

async function runChecks(
  session: Session,
  plan: BackfillPlan,
  { figures, open }: Sums,
  dimensions: ComparedDimensions,
): Promise<readonly Check[]> {
  const batchCheck: Check = {
    name: 'batches_passed',
    level: 'run',
    verdict: open === 0 ? 'pass' : 'fail',
    figure: `${plan.batches - open} of ${plan.batches}`,
    limit: 'every batch passed or waived',
  };
  // A row tolerance is granted to every batch; the run may use it as often as it has batches.
  const expected = {
    ...plan.spec.validation,
    rowCountTolerance: plan.spec.validation.rowCountTolerance * plan.batches,
    sourceTolerances: tolerances(plan),
    level: 'run' as const,
  };
  const judged = judge(figures, expected, { partitions: null, dimensions });
  return withWaivers(session, plan, [
    batchCheck,
    ...(await inputChecks(session, plan)),
    ...(await keysElsewhere(session, plan)),
    ...judged,
  ]);
}

async function withWaivers(session: Session, plan: BackfillPlan, checks: readonly Check[]): Promise<readonly Check[]> {
  const waived = await session.rows<Pick<Waiver, 'batch' | 'check' | 'figure'>>(waivers(plan.backfillId));
  return waive(
    checks,
    waived.filter((one) => one.batch === null),
  );
}

async function keysElsewhere(session: Session, plan: BackfillPlan): Promise<Check[]> {
  if (!keysMayRepeat(plan)) return [];
  const { rows } = await session.one<{ rows: number }>(countKeysElsewhere(plan));
  return [
    {
      name: KEYS_ELSEWHERE,
      level: 'run',
      verdict: rows === 0 ? 'pass' : 'fail',
      figure: String(rows),
      limit: '0 rows whose key the base holds outside the interval',
    },
  ];
}

async function previousEvidence(
  session: Session,
  plan: BackfillPlan,
  now: { readonly batchDigest: string; readonly totals: Readonly<Record<string, string>> },
): Promise<PreviousEvidence | null> {
  const [asked] = await session.rows<
    Omit<PreviousEvidence, 'measures'> & { readonly totals: Readonly<Record<string, string>> }
  >(evidenceAskedBefore(plan.backfillId, now));
  if (asked === undefined) return null;
  const { totals, ...question } = asked;
  const measures = Object.keys(plan.contract.measures).map((name) => {
    const [before, after] = [totals[name] ?? 'NaN', now.totals[name] ?? 'NaN'];
    return [name, { before, after, difference: subtractDecimals(after, before) }] as const;
  });
  return { ...question, measures: Object.fromEntries(measures) };
}

/** What the run changes in periods whose books are closed. */
async function restated(session: Session, plan: BackfillPlan): Promise<readonly RestatedPeriod[]> {
  if (plan.reopened.length === 0) return [];
  const found = await session.rows<PeriodMeasures>(restatedPeriods(plan));
  return found.map(({ name, old, new: now }) => ({
    name,
    measures: Object.fromEntries(
      Object.entries(now).map(([measure, after]) => {
        const before = old[measure] ?? '0';
        return [measure, { old: before, new: after, difference: subtractDecimals(after, before) }];
      }),
    ),
  }));
}

/** One line a measure: what changes, by how much. */
export function headlines(figures: Pick<ReconciliationFigures, 'measures'>): string[] {
  return Object.entries(figures.measures).map(
    ([name, totals]) => `${name}: ${totals.old} → ${totals.new} (${formatPercent(percentChange(totals))})`,
  );
}
