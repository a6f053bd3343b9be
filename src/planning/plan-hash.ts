import type { BackfillPlan } from '../domain/backfill-plan.ts';
import { fingerprint } from '../spec/fingerprint.ts';

/** Identity of a plan: everything that decides what will be done; estimates and warnings are not part of it. */
export function planHashOf(plan: BackfillPlan): string {
  const { estimate, warnings, ...decided } = plan;
  void estimate;
  void warnings;
  return fingerprint(decided);
}
