/** A policy that decides which rows are read: for SELECT, or for every command. */
export interface RowPolicy {
  readonly name: string;
  /** Every restrictive policy must let a row through, and one permissive one. */
  readonly restrictive: boolean;
  /** Names of roles; `public` is everybody. */
  readonly roles: readonly string[];
  /** As the server prints it for the table that it stands on. */
  readonly using: string;
}

/** What keeps rows of a table from some of its readers. Policies count only while it is enabled. */
export interface RowSecurity {
  readonly enabled: boolean;
  /** The table's owner is subject to it too. */
  readonly forced: boolean;
  readonly policies: readonly RowPolicy[];
}

export const NO_ROW_SECURITY: RowSecurity = { enabled: false, forced: false, policies: [] };

/** How the row security of a table left the plan, one sentence each. Who may see which row was reviewed with the plan. */
export function rowSecurityChanges(table: string, planned: RowSecurity, found: RowSecurity): string[] {
  if (planned.enabled !== found.enabled)
    return [`row security of ${table} was ${found.enabled ? 'enabled' : 'disabled'}`];
  const named = (name: string) => (policy: RowPolicy) => policy.name === name;
  return [
    ...(planned.forced === found.forced
      ? []
      : [
          `row security of ${table} is ${found.forced ? 'forced on its owner by now' : 'no longer forced on its owner'}`,
        ]),
    ...planned.policies.flatMap((policy) => {
      const now = found.policies.find(named(policy.name));
      if (now === undefined) return [`policy ${policy.name} of ${table} was dropped`];
      return same(policy, now) ? [] : [`policy ${policy.name} of ${table} was changed`];
    }),
    ...found.policies
      .filter(({ name }) => !planned.policies.some(named(name)))
      .map(({ name }) => `policy ${name} was added to ${table}`),
  ];
}

function same(one: RowPolicy, other: RowPolicy): boolean {
  return (
    one.restrictive === other.restrictive &&
    one.using === other.using &&
    one.roles.length === other.roles.length &&
    one.roles.every((role, index) => role === other.roles[index])
  );
}
