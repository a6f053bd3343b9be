import type { AdoptionPlan, AdoptionStep } from '../../domain/adoption.ts';
import { formatName } from '../../domain/names.ts';
import { recordAdoption, recordUndoneAdoption } from '../../ledger/adoption-release.ts';
import type { AdoptionRelease } from '../../ledger/adoption-release.ts';
import { sha256 } from '../../spec/fingerprint.ts';
import { createPublishedView } from '../../warehouse/postgres/statements/adopt-view.ts';
import { ident, literal, qualified } from '../../warehouse/sql.ts';
import { adoptionNotes, contractLines, dbtSource } from './advice.ts';
import type { AdoptionOrder } from './adoption-order.ts';
import type { AdoptionFacts, AdoptionTarget } from './read-facts.ts';
import { functionSteps } from './function-steps.ts';
import { relationSteps } from './relation-steps.ts';
import { accessSteps, roleSteps } from './role-steps.ts';
import { bridgeSteps, writerSteps, writersOf } from './writers.ts';

/** The whole adoption as data: pure, from what the catalogue says. */
export function drawUpAdoption(order: AdoptionOrder, facts: AdoptionFacts): AdoptionPlan {
  const { target, renamed } = order;
  const after = { base: renamed?.base ?? target.base, view: renamed?.view ?? target.view };
  const viewText = facts.table.viewText;
  const names = { keepsName: renamed !== null, base: formatName(after.base), view: formatName(after.view) };
  // Where the view takes the name of the table, that name alone would say nothing.
  const label = renamed === null ? names.view : `the view that becomes ${names.view}`;
  const relations = relationSteps(facts, label);
  const functions = functionSteps(facts, { view: label, keepsName: names.keepsName });
  const roles = roleSteps(facts, viewText, label);
  const steps = [
    ...(target.isNew ? [createStep(facts, target)] : []),
    ...accessSteps(facts, viewText, label, ident(target.view.schema)),
    ...relations.steps,
    ...functions.steps,
    ...writerSteps(facts),
    ...roles.steps,
    ...(renamed === null ? [] : [...bridgeSteps(facts, viewText), renameStep(target, renamed)]),
  ];
  const release: AdoptionRelease = {
    releaseId: `adopt-${names.base}-${order.now.toISOString().replace(/[-:]|\.\d+/g, '')}`,
    dataset: names.base,
    requestedBy: order.requestedBy,
    digest: sha256(steps.flatMap(({ run }) => run).join('\n')),
    adoption: {
      table: formatName(target.base),
      ...names,
      steps: steps.map(({ title }) => title),
      left: facts.left.map(({ name }) => name),
    },
    ledgerOwner: order.ledgerOwner,
  };
  return {
    dataset: formatName(target.base),
    ...names,
    releaseId: release.releaseId,
    requestedBy: order.requestedBy,
    steps: [...steps, releaseStep(release)],
    byHand: [...relations.byHand, ...functions.byHand, ...othersByHand(facts), ...roles.byHand],
    left: facts.left,
    writers: writersOf(facts, names),
    notes: adoptionNotes(order, facts),
    dbt: dbtSource(target.base, after.view, renamed !== null),
    contract: contractLines(order),
  };
}

function createStep({ table }: AdoptionFacts, { base, view, worker }: AdoptionTarget): AdoptionStep {
  const name = table.viewText;
  return {
    title: `the published view of ${formatName(base)} is made, owned by ${table.owner}`,
    run: [
      ...createPublishedView({ name, base: table.baseText, owner: table.owner, columns: table.columns }),
      `GRANT SELECT ON ${name} TO ${ident(worker)};`,
      ...table.comments.map(({ column, text }) =>
        column === null
          ? `COMMENT ON VIEW ${name} IS ${literal(text)};`
          : `COMMENT ON COLUMN ${name}.${column} IS ${literal(text)};`,
      ),
    ],
    undo: [`DROP VIEW ${qualified(view)};`],
  };
}

/** Last, because the table is locked against everybody from here to the end; every view that reads it was locked before, as a reader does it. */
function renameStep({ base, view }: AdoptionTarget, renamed: NonNullable<AdoptionOrder['renamed']>): AdoptionStep {
  return {
    title: `table ${formatName(base)} becomes ${formatName(renamed.base)}, and the view takes its name`,
    run: [
      `SET LOCAL lock_timeout = '1500ms';`,
      `ALTER TABLE ${qualified(base)} RENAME TO ${ident(renamed.base.name)};`,
      `ALTER VIEW ${qualified(view)} RENAME TO ${ident(renamed.view.name)};`,
      `SET LOCAL lock_timeout = '200ms';`,
    ],
    undo: [
      `SET LOCAL lock_timeout = '1500ms';`,
      `ALTER VIEW ${qualified(renamed.view)} RENAME TO ${ident(view.name)};`,
      `ALTER TABLE ${qualified(renamed.base)} RENAME TO ${ident(base.name)};`,
      `SET LOCAL lock_timeout = '200ms';`,
    ],
  };
}

function releaseStep(release: AdoptionRelease): AdoptionStep {
  return {
    title: `the ledger records the adoption as release ${release.releaseId}`,
    run: recordAdoption(release),
    undo: recordUndoneAdoption(release),
  };
}

function othersByHand(facts: AdoptionFacts): AdoptionPlan['byHand'] {
  return facts.others.map(({ kind, name, oid, definition }) => ({
    kind,
    name,
    reason: `a ${kind} cannot be replaced by one statement that keeps it in force meanwhile`,
    remedy: `write it anew over ${facts.table.viewText}, or leave it: --leave ${literal(name)}`,
    definition,
    unchanged: `EXISTS (SELECT FROM ${kind === 'rule' ? 'pg_rewrite' : 'pg_policy'} WHERE oid = ${oid}::oid)`,
  }));
}
