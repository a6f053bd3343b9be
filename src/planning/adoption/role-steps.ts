import type { AdoptionStep, ReaderByHand } from '../../domain/adoption.ts';
import type { Grant } from '../../warehouse/postgres/adoption/base-grants.ts';
import type { LocatedReader } from '../../warehouse/postgres/direct-readers.ts';
import type { Findings } from './findings.ts';
import type { AdoptionFacts } from './read-facts.ts';

/** Roles whose SELECT moves from base to view, column by column where they have it so. `view` as it is called while the script runs, `label` afterwards. */
export function roleSteps(facts: AdoptionFacts, view: string, label: string): Findings {
  const found = facts.roles.map((role) => moveRole(facts, role, view, label));
  return {
    steps: found.flatMap((one) => ('title' in one ? [one] : [])),
    byHand: found.flatMap((one) => ('title' in one ? [] : [one])),
  };
}

/** Before anything is redefined: owners of what will read the view may read it, and its schema may be used. */
export function accessSteps(facts: AdoptionFacts, view: string, label: string, schema: string): AdoptionStep[] {
  const given = facts.viewReaders.flatMap(({ to, needsSelect, needsUsage }) => [
    ...(needsUsage ? [{ what: `USAGE ON SCHEMA ${schema}`, to }] : []),
    ...(needsSelect ? [{ what: `SELECT ON ${view}`, to }] : []),
  ]);
  if (given.length === 0) return [];
  return [
    {
      title: `those who own what reads ${label}, or will read it, may do so`,
      run: given.map(({ what, to }) => `GRANT ${what} TO ${to};`),
      undo: given.map(({ what, to }) => `REVOKE ${what} FROM ${to};`),
    },
  ];
}

function moveRole(
  facts: AdoptionFacts,
  { kind, name, oid }: LocatedReader,
  view: string,
  label: string,
): AdoptionStep | ReaderByHand {
  const held = facts.grants.filter(({ role, privilege }) => role === oid && privilege === 'SELECT');
  const byHand = (reason: string, remedy: string): ReaderByHand => ({
    kind,
    name,
    reason,
    remedy,
    definition: null,
    unchanged: null,
  });
  const others = [...new Set(held.flatMap(({ grantedBy }) => grantedBy ?? []))];
  if (others.length > 0)
    return byHand(
      `its SELECT was granted by ${others.join(', ')} and not by the owner, who cannot take it back alone`,
      `as ${others.join(', ')}: REVOKE SELECT ON ${held[0]?.on ?? facts.table.baseText} FROM ${held[0]?.to ?? name}`,
    );
  const onBase = held.filter(({ isPartition }) => !isPartition);
  if (onBase.length === 0)
    return byHand(
      `it may read ${unique(held.map(({ on }) => on))} alone, and the view would show it every partition`,
      `give it a view of its own over ${label}, then: ${revokes(held).join(' ')}`,
    );
  const shown = facts.table.viewColumns.length === 0 ? facts.table.columns : facts.table.viewColumns;
  const hidden = onBase.flatMap(({ column }) => (column === null || shown.includes(column) ? [] : [column]));
  if (hidden.length > 0)
    return byHand(
      `it may read column ${hidden.join(', ')}, which ${label} does not show`,
      `show the column in ${label}, or take the right away: ${revokes(held).join(' ')}`,
    );
  const wholly = onBase.filter(({ column }) => column === null);
  const missing = (wholly.length > 0 ? wholly : onBase).filter((one) => !has(facts.viewGrants, one));
  return {
    title: `role ${name} reads ${label} instead of the table`,
    run: [...missing.map((one) => grant(one, view)), ...revokes(held)],
    undo: [
      ...held.map((one) => grant(one, one.on)),
      ...missing.map((one) => `REVOKE ${what(one)} ON ${view} FROM ${one.to};`),
      // Which took those on its columns too.
      ...facts.viewGrants.filter((one) => one.role === oid && one.column !== null).map((one) => grant(one, view)),
    ],
  };
}

export function grant(one: Grant, on: string): string {
  return `GRANT ${what(one)} ON ${on} TO ${one.to}${one.grantable ? ' WITH GRANT OPTION' : ''};`;
}

/** Taking a privilege on a whole table takes it on its columns too. */
function revokes(held: readonly Grant[]): string[] {
  return held
    .filter((one) => one.column === null || !held.some((other) => other.on === one.on && other.column === null))
    .map((one) => `REVOKE ${what(one)} ON ${one.on} FROM ${one.to};`);
}

function what({ privilege, column }: Grant): string {
  return column === null ? privilege : `${privilege} (${column})`;
}

function has(grants: readonly Grant[], wanted: Grant): boolean {
  return grants.some(
    (one) =>
      one.role === wanted.role &&
      one.privilege === wanted.privilege &&
      (one.column === null || one.column === wanted.column) &&
      (one.grantable || !wanted.grantable),
  );
}

function unique(names: readonly string[]): string {
  return [...new Set(names)].join(', ');
}
