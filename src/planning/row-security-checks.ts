import pg from 'pg';
import type { DatasetContract } from '../domain/dataset-contract.ts';
import type { QualifiedName } from '../domain/names.ts';
import { formatName } from '../domain/names.ts';
import type { TableShape } from '../domain/table-shape.ts';
import { namedInText } from '../warehouse/postgres/direct-readers.ts';
import { readPolicyFacts, tablesKeptFrom } from '../warehouse/postgres/policy-facts.ts';
import { createPolicy, policiesOn, standInName } from '../warehouse/postgres/row-policies.ts';
import type { Session } from '../warehouse/session.ts';
import { ident, sql } from '../warehouse/sql.ts';

/**
 * Row security where it would harm: rows that the worker does not see would be missing in corrected history, and policies that
 * the overlay cannot have would show readers other rows of it than of the base. In a transaction that is rolled back.
 */
export async function rowSecurityReasons(
  session: Session,
  table: TableShape,
  contract: DatasetContract,
  sources: readonly QualifiedName[],
  overlay: QualifiedName,
): Promise<string[]> {
  const read = [contract.dataset, ...sources, ...contract.referenceInputs];
  const unseen = await unseenReasons(session, read);
  if (!table.rowSecurity.enabled) return unseen;
  return [
    ...unseen,
    ...(await policyReasons(session, table, contract)),
    ...(await trialReasons(session, table, overlay)),
  ];
}

async function unseenReasons(session: Session, read: readonly QualifiedName[]): Promise<string[]> {
  const kept = await tablesKeptFrom(session, read);
  return [...new Set(kept.map(({ role }) => role))].map((role) => {
    const of = kept.filter((one) => one.role === role);
    const through = of.some(({ isWorker }) => isWorker) ? '' : ', with whose rights a view reads it,';
    return `${role}${through} does not see every row of ${of.map(({ table }) => table).join(', ')}, which has row security; history built and compared without the others would be wrong: ALTER ROLE ${ident(role)} BYPASSRLS`;
  });
}

async function policyReasons(session: Session, table: TableShape, contract: DatasetContract): Promise<string[]> {
  const name = formatName(table.name);
  const [pattern] = namedInText(table.name);
  const facts = await readPolicyFacts(session, { base: table.name, view: contract.publishedView, pattern });
  return [
    ...(facts.ownerBypasses
      ? []
      : [
          `${facts.owner}, who owns ${name} and as whom corrected rows are moved into it, does not see every row of an overlay that carries the policies of ${name}: ALTER ROLE ${ident(facts.owner)} BYPASSRLS`,
        ]),
    ...facts.selfReading.map(
      (policy) =>
        `policy ${policy} of ${name} reads ${name} itself: on the overlay it would be judged by rows of the base; write it without a sub-query on ${name}`,
    ),
    ...facts.namedIn.map(
      ({ policy, function: called }) =>
        `policy ${policy} of ${name} calls ${called}, whose text names ${name}: on the overlay it would be judged by rows of the base; write it without ${name}`,
    ),
    ...facts.restrictedOwners.map(
      ({ policy, role }) =>
        `role ${role} has the rights of the owner of ${name} and sees every row of it; restrictive policy ${policy} would keep rows of the overlay from it: put the condition into the permissive policies, or: ALTER TABLE ${name} FORCE ROW LEVEL SECURITY`,
    ),
  ];
}

/** Whatever else stands against a policy, the server says: each is made once on a stand-in of the overlay's name. */
async function trialReasons(session: Session, table: TableShape, overlay: QualifiedName): Promise<string[]> {
  const reasons: string[] = [];
  const policies = await policiesOn(session, table, overlay.name);
  for (const policy of policies) {
    await session.change(sql('SAVEPOINT carried_policy'));
    try {
      await session.change(createPolicy(standInName(overlay.name), policy));
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error;
      await session.change(sql('ROLLBACK TO SAVEPOINT carried_policy'));
      reasons.push(
        `policy ${policy.name} of ${formatName(table.name)} cannot be put on the overlay: ${error.message}; it would be read as: ${policy.using}`,
      );
    }
  }
  return reasons;
}
