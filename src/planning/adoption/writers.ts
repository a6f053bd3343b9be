import type { AdoptionStep, BaseWriter } from '../../domain/adoption.ts';
import type { Grant } from '../../warehouse/postgres/adoption/base-grants.ts';
import type { AdoptionFacts } from './read-facts.ts';
import { grant } from './role-steps.ts';

const THROUGH_A_VIEW = ['INSERT', 'UPDATE', 'DELETE'];

/** Who writes the base table: roles by their rights, functions by their text. */
export function writersOf(facts: AdoptionFacts, names: WriterNames): BaseWriter[] {
  const grants = writing(facts.grants);
  return [
    ...[...new Set(grants.map(({ to }) => to))].map((name) => ({
      kind: 'role' as const,
      name,
      privileges: [...new Set(grants.flatMap(({ to, privilege }) => (to === name ? privilege : [])))].sort(),
      advice: names.keepsName ? repointRole(name, names) : keepRole(facts, name),
    })),
    ...facts.writingFunctions.map(({ name, isParsed }) => ({
      kind: 'function' as const,
      name,
      privileges: [],
      advice: !names.keepsName
        ? 'nothing changes for it'
        : isParsed
          ? `its body is parsed and follows the table to ${names.base}: nothing to do`
          : `its text writes ${names.view}, which is the view afterwards: let it write ${names.base}`,
    })),
  ];
}

export interface WriterNames {
  readonly keepsName: boolean;
  /** The base table afterwards. */
  readonly base: string;
  /** The view afterwards. */
  readonly view: string;
}

/** So that no write fails between the rename and the day on which its program names the base: through the view, while that is plain. */
export function bridgeSteps(facts: AdoptionFacts, view: string): AdoptionStep[] {
  const through = writing(facts.grants).filter(
    ({ privilege, isPartition }) => !isPartition && THROUGH_A_VIEW.includes(privilege),
  );
  const roles = new Set(through.map(({ role }) => role));
  const given = facts.grants.filter(
    (one) => !one.isPartition && roles.has(one.role) && ['SELECT', ...THROUGH_A_VIEW].includes(one.privilege),
  );
  return given.length === 0
    ? []
    : [
        {
          title: 'writers go on under the old name until they are repointed',
          run: given.map((one) => grant({ ...one, grantable: false }, view)),
          undo: [],
        },
      ];
}

/** UPDATE and DELETE with a condition need SELECT, which some have by a grant that moves alone. */
export function writerSteps({ blindedWriters, table }: AdoptionFacts): AdoptionStep[] {
  return blindedWriters.length === 0
    ? []
    : [
        {
          title: `writers of ${table.baseText} that read it by grants of others get SELECT of their own`,
          run: blindedWriters.map((to) => `GRANT SELECT ON ${table.baseText} TO ${to};`),
          undo: blindedWriters.map((to) => `REVOKE SELECT ON ${table.baseText} FROM ${to};`),
        },
      ];
}

function writing(grants: readonly Grant[]): Grant[] {
  return grants.filter(({ privilege }) => [...THROUGH_A_VIEW, 'TRUNCATE'].includes(privilege));
}

function keepRole(facts: AdoptionFacts, name: string): string {
  const reads = facts.grants.some(({ to, privilege }) => to === name && privilege === 'SELECT');
  return reads
    ? `keeps SELECT on ${facts.table.baseText}: UPDATE and DELETE with a condition, RETURNING and ON CONFLICT need it; where people also read as this role, give them another`
    : 'nothing changes for it';
}

function repointRole(name: string, { base, view }: WriterNames): string {
  return `let it write ${base}; until then INSERT, UPDATE and DELETE work through ${view} while that is plain, COPY, TRUNCATE, LOCK and ALTER do not, and no backfill is planned. Then: REVOKE INSERT, UPDATE, DELETE ON ${view} FROM ${name};`;
}
