export const CHECK_LEVELS = ['structural', 'aggregate', 'row', 'proof', 'run', 'monitor'] as const;
export type CheckLevel = (typeof CHECK_LEVELS)[number];

export const VERDICTS = ['pass', 'fail', 'inconclusive', 'waived', 'info'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** One finding: what was measured, what was allowed, and what follows. Figures are text so that no digit is lost. */
export interface Check {
  readonly name: string;
  readonly level: CheckLevel;
  readonly verdict: Verdict;
  readonly figure: string;
  readonly limit: string;
}

/** A set of checks passes when none fails; an inconclusive or informative check is shown and stops nothing. */
export function firstFailure(checks: readonly Check[]): Check | undefined {
  return checks.find((check) => check.verdict === 'fail');
}

/** Proofs were made of samples before anything was built: they are shown beside the checks of the run, and are none. */
export function checksOfRun(checks: readonly Check[]): readonly Check[] {
  return checks.filter((check) => check.level !== 'proof');
}

export function describeCheck(check: Check): string {
  return `${check.name}: ${check.figure} (allowed: ${check.limit})`;
}
