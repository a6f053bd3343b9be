import { columnCounts } from './seam.ts';
import type { Check } from './verdict.ts';

/** One sampled partition: which logic, run on today's inputs, explains the rows that are published. */
export interface ReproducedPartition {
  readonly partition: string;
  /** Published rows, and keys that only the trusted logic yields. */
  readonly rows: number;
  /** Equal to the trusted logic. */
  readonly reproduced: number;
  /** Not equal to it, but to the corrected logic: rewritten by the fixed pipeline since, so no drift. */
  readonly alreadyCorrected: number;
  /** Explained by neither. */
  readonly drifted: number;
  /** By compared column: drifted rows in which it is not what the trusted logic gives; `keys` where a row is missing or added. */
  readonly columns: Readonly<Record<string, number>>;
  /** Of this partition alone. */
  readonly effects: Readonly<Record<string, MeasureEffects>>;
}

/** What moves a measure over the sampled partitions, exact decimal text: input effect and logic effect add up to the delta. */
export interface MeasureEffects {
  /** Trusted logic on today's inputs less what is published. */
  readonly input: string;
  /** Corrected less trusted logic. */
  readonly logic: string;
  readonly delta: string;
}

export interface Reproduction {
  readonly partitions: readonly ReproducedPartition[];
  readonly effects: Readonly<Record<string, MeasureEffects>>;
}

/** What is done about inputs that changed since history was built: refuse to build on them, or show what they do to it. */
export const INPUT_DRIFTS = ['refused', 'reported'] as const;
export type InputDrift = (typeof INPUT_DRIFTS)[number];

/**
 * Does the trusted logic still give the history that is published? Null where the contract has none. Up to
 * `rowTolerance` rows of a partition may be explained by neither logic. Where the spec has drift reported, it proves
 * nothing and refutes nothing: what changed inputs do is shown apart from what the correction does.
 */
export function judgeReproduction(
  found: Reproduction | null,
  rowTolerance: number,
  inputDrift: InputDrift = 'refused',
): readonly Check[] {
  const limit = `at most ${rowTolerance} rows of a partition that neither the trusted nor the corrected logic explains`;
  const check = (verdict: Check['verdict'], figure: string): Check => {
    return { name: 'reproduction', level: 'proof', verdict, figure, limit };
  };
  if (found === null) return [check('inconclusive', 'the contract has no transform.trusted to reproduce history with')];
  const { partitions, effects } = found;
  if (partitions.length === 0)
    return [check('inconclusive', 'no sample partition lies in an era of transform.trusted')];
  const drifted = partitions.filter((one) => one.drifted > rowTolerance);
  const total = (pick: (one: ReproducedPartition) => number): number =>
    partitions.reduce((sum, one) => sum + pick(one), 0);
  const within = total((one) => one.drifted);
  if (drifted.length === 0 && total((one) => one.reproduced) === 0)
    return [
      check(
        'inconclusive',
        nothingTells(
          partitions.length,
          total((one) => one.alreadyCorrected),
        ),
      ),
    ];
  const figure =
    drifted.length > 0
      ? drifted.map(describe).join('; ')
      : `${total((one) => one.reproduced)} rows of ${partitions.length} partitions reproduced, ${total((one) => one.alreadyCorrected)} already corrected${within > 0 ? `, ${within} drifted` : ''}`;
  const verdict = drifted.length === 0 ? 'pass' : inputDrift === 'reported' ? 'inconclusive' : 'fail';
  return [check(verdict, figure), ...Object.entries(effects).flatMap(effectChecks)];
}

/** Empty partitions, and rows that the fixed pipeline has rewritten, say nothing of the logic that was trusted. */
function nothingTells(partitions: number, corrected: number): string {
  const rows =
    corrected === 0 ? 'no row is published in them' : `all ${corrected} rows hold the corrected logic already`;
  return `${partitions} sample partitions tell nothing: ${rows}`;
}

function describe({ partition, drifted, rows, columns }: ReproducedPartition): string {
  return `${drifted} of ${rows} rows of partition ${partition} drifted (${columnCounts(columns)})`;
}

function effectChecks([measure, { input, logic, delta }]: [string, MeasureEffects]): Check[] {
  const info = (name: string, figure: string): Check => ({
    name: `${name}:${measure}`,
    level: 'proof',
    verdict: 'info',
    figure: `${signed(figure)} of ${signed(delta)}`,
    limit: 'none set',
  });
  return [info('input_effect', input), info('logic_effect', logic)];
}

function signed(decimal: string): string {
  return Number(decimal) > 0 ? `+${decimal}` : decimal;
}
