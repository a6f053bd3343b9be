import type { BackfillSpec } from '../domain/backfill-spec.ts';
import type { DatasetContract } from '../domain/dataset-contract.ts';
import { formatName, sameName } from '../domain/names.ts';
import type { DocumentIssue } from './document-issue.ts';
import { placeIssue } from './document-issue.ts';
import type { DocumentPath } from './document-path.ts';
import { isMapping, valueAt } from './document-path.ts';
import { GRAIN_STARTS, isGrainStart } from './grain.ts';
import { addDays, dateInZone } from './iso-date.ts';
import { nearestWord } from './nearest-word.ts';
import type { Locate } from './source-document.ts';
import type { SpecProblem } from './spec-problem.ts';
import { sortProblems } from './spec-problem.ts';

/** Where the spec's fields stand, from `parseSpec`, and the instant that decides which partitions are over. */
export interface CrossCheckContext {
  readonly locate: Locate;
  readonly now: Date;
}

/** What must hold between a spec and the contract of its dataset: every problem at once, placed in the spec. */
export function crossCheck(
  spec: BackfillSpec,
  contract: DatasetContract,
  { locate, now }: CrossCheckContext,
): readonly SpecProblem[] {
  const issues = [
    ...targetIssues(spec, contract),
    ...snapshotIssues(spec, contract),
    ...measureIssues(spec, contract),
    ...dimensionIssues(spec, contract),
    ...eraIssues(spec, contract),
    ...grainIssues(spec, contract),
    ...openIssues(spec, contract, now),
  ];
  return sortProblems(issues.map((issue) => placeIssue(issue, locate)));
}

function targetIssues({ target }: BackfillSpec, contract: DatasetContract): readonly DocumentIssue[] {
  const table = sameName(target.table, contract.dataset)
    ? []
    : [
        {
          path: ['target', 'table'],
          problem: 'not the dataset of the contract:',
          found: formatName(target.table),
          allowed: formatName(contract.dataset),
        },
      ];
  const key =
    target.partitionKey === contract.partition.key
      ? []
      : [
          {
            path: ['target', 'partition_key'],
            problem: 'not the partition key of the contract:',
            found: target.partitionKey,
            allowed: contract.partition.key,
          },
        ];
  return [...table, ...key];
}

function snapshotIssues({ rollback }: BackfillSpec, contract: DatasetContract): readonly DocumentIssue[] {
  if (!sameName(rollback.snapshot, contract.publishedView)) return [];
  const found = formatName(rollback.snapshot);
  const allowed = 'the name of a table that does not exist yet';
  return [{ path: ['rollback', 'snapshot'], problem: 'is the published view itself:', found, allowed }];
}

const DELTA = '_delta_expected';

/** For a spec that is refused by itself: a measure that is mistyped should not come to light only after the rest is mended. */
export function unknownMeasures(
  document: unknown,
  contract: Pick<DatasetContract, 'measures'>,
  locate: Locate,
): readonly SpecProblem[] {
  const validation = valueAt(document, ['validation']);
  const names = isMapping(validation) ? Object.keys(validation) : [];
  const given = names.filter((name) => name.endsWith(DELTA)).map((name) => name.slice(0, -DELTA.length));
  const bounded = valueAt(document, ['validation', BOUNDED]);
  return [
    ...notMeasures(given, contract, deltaField),
    ...notMeasures(isMapping(bounded) ? Object.keys(bounded) : [], contract, boundField),
  ].map((issue) => placeIssue(issue, locate));
}

function measureIssues({ validation }: BackfillSpec, contract: DatasetContract): readonly DocumentIssue[] {
  return [
    ...notMeasures(Object.keys(validation.deltaExpected), contract, deltaField),
    ...notMeasures(Object.keys(validation.maxUnexplainedDelta), contract, boundField),
  ];
}

function dimensionIssues({ validation }: BackfillSpec, { dimensions }: DatasetContract): readonly DocumentIssue[] {
  return Object.entries(validation.deltaExpectedBy).flatMap(([measure, by]) =>
    Object.keys(by).flatMap((column): readonly DocumentIssue[] => {
      if (dimensions.includes(column)) return [];
      const allowed = dimensions.join(', ') || 'none, since the contract has no dimensions';
      const path: DocumentPath = ['validation', `${measure}${DELTA}`, 'by', column];
      return [{ path, part: 'key', problem: 'not a dimension of the contract:', found: column, allowed }];
    }),
  );
}

const BOUNDED = 'max_unexplained_delta';

interface MeasureField {
  readonly path: DocumentPath;
  readonly written: string;
}

/** How a measure is written where something is expected of it. */
function deltaField(measure: string): MeasureField {
  return { path: ['validation', `${measure}${DELTA}`], written: `${measure}${DELTA}` };
}

function boundField(measure: string): MeasureField {
  return { path: ['validation', BOUNDED, measure], written: measure };
}

function notMeasures(
  given: readonly string[],
  contract: Pick<DatasetContract, 'measures'>,
  place: (measure: string) => MeasureField,
): readonly DocumentIssue[] {
  const measures = Object.keys(contract.measures);
  return given.flatMap((measure): readonly DocumentIssue[] => {
    if (measures.includes(measure)) return [];
    const nearest = nearestWord(measure, measures);
    const hint = nearest === undefined ? {} : { nearest: place(nearest).written };
    const allowed = measures.join(', ') || 'none, since the contract has no measures';
    const { path } = place(measure);
    return [{ path, part: 'key', problem: 'not a measure of the contract:', found: measure, allowed, ...hint }];
  });
}

function eraIssues({ interval }: BackfillSpec, { transform }: DatasetContract): readonly DocumentIssue[] {
  const first = transform.corrected[0]?.from;
  const start = interval[0]?.start;
  if (first === undefined || start === undefined || first <= start) return [];
  return [
    {
      path: ['source_range', 'start'],
      problem: 'lies before the first era of transform.corrected in the contract:',
      found: start,
      allowed: `from ${first} on, or an earlier era in the contract`,
    },
  ];
}

/** Both ends of the range and every edge that an exclusion cuts must be edges of partitions. */
function grainIssues(spec: BackfillSpec, { partition: { grain } }: DatasetContract): readonly DocumentIssue[] {
  const { start, end } = spec.sourceRange;
  const starts = `for grain ${grain} ${GRAIN_STARTS[grain]}`;
  const ends = `for grain ${grain} the day before ${GRAIN_STARTS[grain]}`;
  const issues: DocumentIssue[] = [];
  if (!isGrainStart(start, grain)) {
    issues.push({ path: ['source_range', 'start'], problem: 'cuts a partition:', found: start, allowed: starts });
  }
  if (!isGrainStart(addDays(end, 1), grain)) {
    issues.push({ path: ['source_range', 'end'], problem: 'cuts a partition:', found: end, allowed: ends });
  }
  const edges = spec.interval.flatMap((range) => [range.start, range.end]);
  const inner = edges.filter((edge) => edge !== start && edge !== addDays(end, 1));
  const cut = inner.find((edge) => !isGrainStart(edge, grain));
  if (cut !== undefined) {
    const allowed = `whole partitions; ${starts}`;
    issues.push({
      path: ['source_range', 'exclude'],
      part: 'key',
      problem: 'cuts a partition at',
      found: cut,
      allowed,
    });
  }
  return issues;
}

/** A partition is over when its last day is, in the zone of the partition key. */
function openIssues(spec: BackfillSpec, { partition }: DatasetContract, now: Date): readonly DocumentIssue[] {
  const today = dateInZone(now, partition.timeZone);
  const { end } = spec.sourceRange;
  const lastOpen = firstDayAfter(end, partition.grain);
  if (lastOpen <= today) return [];
  return [
    {
      path: ['source_range', 'end'],
      problem: `reaches into partitions that are still open (today is ${today} in ${partition.timeZone ?? 'UTC'}):`,
      found: end,
      allowed: `the end of a ${partition.grain} that is over`,
    },
  ];
}

/** The first day after the partition that holds `day`. */
function firstDayAfter(day: string, grain: DatasetContract['partition']['grain']): string {
  let next = addDays(day, 1);
  while (!isGrainStart(next, grain)) next = addDays(next, 1);
  return next;
}
