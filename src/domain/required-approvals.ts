import { isListed, samePerson } from './people.ts';

/** Who may approve, as a plan has it. `reopened`: closed periods that the interval changes, each with its own approver. */
export interface Approvers {
  readonly approvers: readonly string[];
  readonly reopened?: readonly { readonly name: string; readonly approver: string }[];
}

/** Before there is a plan. */
const NOBODY: Approvers = { approvers: [] };

/** Everybody whose approval counts. */
export function mayApprove(who: Approvers | null): readonly string[] {
  const { approvers, reopened = [] } = who ?? NOBODY;
  const others = reopened.map(({ approver }) => approver).filter((approver) => !isListed(approver, approvers));
  return [
    ...approvers,
    ...others.filter((one, place) => others.findIndex((other) => samePerson(other, one)) === place),
  ];
}

/**
 * Those of whom one approves for the dataset: whoever has to approve for a closed period does not count for both, or the
 * second pair of eyes would be the first one.
 */
export function ownApprovers({ approvers, reopened = [] }: Approvers): readonly string[] {
  return approvers.filter((person) => !reopened.some(({ approver }) => samePerson(approver, person)));
}

/** What is missing until evidence may be published, in words: whose approval, and why theirs. Empty when nothing is. */
export function missingApprovals(
  who: Approvers,
  given: readonly { readonly by: string }[],
): readonly MissingApproval[] {
  const by = given.map((approval) => approval.by);
  const own = ownApprovers(who);
  const forPeriods = new Map<string, string[]>();
  for (const { name, approver } of who.reopened ?? [])
    if (!isListed(approver, by)) forPeriods.set(approver, [...(forPeriods.get(approver) ?? []), name]);
  return [
    ...(own.some((person) => isListed(person, by)) ? [] : [{ anyOf: own, because: null }]),
    ...[...forPeriods].map(([approver, periods]) => ({ anyOf: [approver], because: `reopens ${periods.join(', ')}` })),
  ];
}

/** The same of a run as it stands. */
export function stillToApprove(state: {
  readonly plan: Approvers | null;
  readonly approvals?: readonly { readonly by: string }[];
}): readonly MissingApproval[] {
  return missingApprovals(state.plan ?? NOBODY, state.approvals ?? []);
}

/** Why nobody could ever approve what this person requests; null where somebody can. */
export function whyUnapprovable(who: Approvers, requestedBy: string): string | null {
  const [barred] = missingApprovals(who, []).filter(({ anyOf }) =>
    anyOf.every((person) => samePerson(person, requestedBy)),
  );
  if (barred === undefined) return null;
  const what =
    barred.because === null ? 'is the only approver of the dataset' : `has to approve, because it ${barred.because}`;
  return `${requestedBy} requests this backfill and ${what}: somebody else has to start it`;
}

export interface MissingApproval {
  readonly anyOf: readonly string[];
  /** Null for the approval that every run needs. */
  readonly because: string | null;
}

/** The approval that the release names: of the dataset's own approver. */
export function ownApproval<T extends { readonly by: string }>(who: Approvers, given: readonly T[]): T | null {
  return given.find(({ by }) => isListed(by, ownApprovers(who))) ?? null;
}
