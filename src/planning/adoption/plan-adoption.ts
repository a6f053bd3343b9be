import type { AdoptionPlan, AdoptionProof } from '../../domain/adoption.ts';
import type { DatasetContract } from '../../domain/dataset-contract.ts';
import type { QualifiedName } from '../../domain/names.ts';
import { formatName } from '../../domain/names.ts';
import { ledgerSteps } from '../../ledger/install.ts';
import { ledgerIsThere } from '../../ledger/ledger-is-there.ts';
import type { LedgerRun } from '../../ledger/runs.ts';
import { findActiveRun } from '../../ledger/runs.ts';
import { readTable, readView } from '../../warehouse/postgres/catalogue.ts';
import { suffixedName } from '../../warehouse/postgres/suffixed-name.ts';
import type { Session } from '../../warehouse/session.ts';
import { withRollback } from '../../warehouse/session.ts';
import { sql } from '../../warehouse/sql.ts';
import { adoptedViewReasons } from './adopted-view.ts';
import type { ScriptParts } from './adoption-script.ts';
import { adoptionScript, undoScript } from './adoption-script.ts';
import type { AdoptionOrder } from './adoption-order.ts';
import { drawUpAdoption } from './draw-up-adoption.ts';
import { adoptionGuards } from './guards.ts';
import { proveAdoption } from './prove-adoption.ts';
import { readAdoptionFacts } from './read-facts.ts';

export interface AdoptionRequest {
  readonly contract: Pick<DatasetContract, 'dataset' | 'publishedView'>;
  readonly worker: string;
  /** The name that the table gets where the view takes its own; null where both keep theirs. */
  readonly keepNameWith: QualifiedName | null;
  readonly leave: readonly string[];
  readonly requestedBy: string;
  readonly ledgerOwner: string;
  readonly now: Date;
  readonly prove: boolean;
}

export type DrawnUpAdoption =
  | {
      readonly kind: 'adoption';
      readonly plan: AdoptionPlan;
      readonly script: string;
      readonly undo: string;
      readonly proof: AdoptionProof;
    }
  | { readonly kind: 'complete' }
  | { readonly kind: 'refused'; readonly reasons: readonly string[] };

/** Looks at the catalogue and draws up the reviewed change. Nothing stays of it, also where it is proved. */
export async function planAdoption(session: Session, request: AdoptionRequest): Promise<DrawnUpAdoption> {
  const drawn = await withRollback(session, () => drawUp(session, request));
  if (drawn.kind !== 'drawn') return drawn;
  const { parts, ...names } = drawn;
  const proof: AdoptionProof = request.prove
    ? await proveAdoption(session, { parts, ...names, worker: request.worker })
    : {
        state: 'not proved',
        detail: 'nobody asked for it: --prove runs the script for a try and rolls it back, as administrator',
      };
  return { kind: 'adoption', plan: parts.plan, script: adoptionScript(parts), undo: undoScript(parts), proof };
}

type Drawn =
  | Exclude<DrawnUpAdoption, { readonly kind: 'adoption' }>
  | {
      readonly kind: 'drawn';
      readonly parts: ScriptParts;
      readonly replaced: readonly string[];
      readonly definers: readonly string[];
      readonly base: QualifiedName;
      readonly view: QualifiedName;
    };

async function drawUp(session: Session, request: AdoptionRequest): Promise<Drawn> {
  const { contract, keepNameWith } = request;
  const reasons = await refusals(session, request);
  if (reasons.length > 0) return { kind: 'refused', reasons };
  const existing = await readView(session, contract.publishedView, contract.dataset);
  const view = keepNameWith === null ? contract.publishedView : besideName(contract.dataset);
  const target = {
    base: contract.dataset,
    view,
    isNew: keepNameWith !== null || existing === null,
    worker: request.worker,
    leave: request.leave,
  };
  const facts = await readAdoptionFacts(session, target);
  const renamed = keepNameWith === null ? null : { base: keepNameWith, view: contract.dataset };
  const ledgerOwner = await ownerOfLedger(session, request.ledgerOwner);
  const order: AdoptionOrder = { ...request, target, renamed, contractView: contract.publishedView, ledgerOwner };
  const plan = drawUpAdoption(order, facts);
  // The last step is the release, which an adoption that changes nothing does not need.
  if (plan.steps.length === 1 && plan.byHand.length === 0) return { kind: 'complete' };
  const ledger = await ledgerSteps(session, ledgerOwner);
  const isWhole = ledger.every(({ done }) => done === null);
  return {
    kind: 'drawn',
    parts: {
      plan,
      ledger: isWhole ? [] : ledger.map(({ script }) => script),
      guards: adoptionGuards(facts, plan.releaseId),
      tableOid: facts.table.oid,
    },
    replaced: facts.relations.flatMap(({ name, kept }) => [name, ...(kept?.views.map((one) => one.name) ?? [])]),
    definers: facts.relations.flatMap((one) => (one.isInvoker || 'reason' in one.repointed ? [] : [one.name])),
    base: renamed?.base ?? target.base,
    view: renamed?.view ?? target.view,
  };
}

async function refusals(session: Session, { contract, keepNameWith, worker }: AdoptionRequest): Promise<string[]> {
  const name = formatName(contract.dataset);
  const table = await readTable(session, contract.dataset);
  if (table === null) return [`table ${name} does not exist; correct dataset in the contract`];
  if (table.kind !== 'r' && table.kind !== 'p')
    return [
      `${name} is not a table: readers go through a view of this name already; name the table behind it, as the contract has to`,
    ];
  const view = await readView(session, contract.publishedView, contract.dataset);
  const busy = (await ledgerIsThere(session)) ? await session.rows<LedgerRun>(findActiveRun(name)) : [];
  const { known, hidden } = await session.one<{ known: boolean; hidden: boolean }>(
    sql(
      `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS known, coalesce((SELECT NOT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = 'governance'), false) AS hidden`,
      worker,
    ),
  );
  return [
    ...(hidden
      ? [
          'this role may not look into schema governance; draw the adoption up as administrator: --admin-url env:ADMIN_URL',
        ]
      : []),
    ...busy.map(
      ({ backfillId, status }) =>
        `${backfillId} (${status}) is at work on ${name}: its view and its readers stay as they are until it has ended`,
    ),
    ...(known ? [] : [`role ${worker}, which backfills work with, does not exist`]),
    ...(table.rowSecurity.enabled
      ? [
          `${name} has row security, which would be judged for the owner of the view and not for its reader; this version refuses such tables`,
        ]
      : []),
    ...(view === null || keepNameWith !== null ? [] : adoptedViewReasons(view, contract)),
    ...(keepNameWith === null ? [] : await takenNames(session, [keepNameWith, besideName(contract.dataset)])),
  ];
}

async function takenNames(session: Session, names: readonly QualifiedName[]): Promise<string[]> {
  const taken = await session.rows<QualifiedName>(
    sql(
      `SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE (n.nspname, c.relname) IN (SELECT * FROM unnest($1::text[], $2::text[]))`,
      names.map(({ schema }) => schema),
      names.map(({ name }) => name),
    ),
  );
  return taken.map((name) => `${formatName(name)} exists already; choose another name for the table with --base-name`);
}

/** What the view is called until the table has given its name away. */
function besideName({ schema, name }: QualifiedName): QualifiedName {
  return { schema, name: suffixedName(name, '__adopting') };
}

async function ownerOfLedger(session: Session, otherwise: string): Promise<string> {
  const [found] = await session.rows<{ owner: string }>(
    sql(`SELECT pg_get_userbyid(nspowner) AS owner FROM pg_namespace WHERE nspname = 'governance'`),
  );
  return found?.owner ?? otherwise;
}
