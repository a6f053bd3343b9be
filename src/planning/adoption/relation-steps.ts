import type { AdoptionStep, ReaderByHand } from '../../domain/adoption.ts';
import { literal } from '../../warehouse/sql.ts';
import { fillBeside, takePlace } from '../../warehouse/postgres/statements/adopt-materialised.ts';
import { replaceView } from '../../warehouse/postgres/statements/adopt-view.ts';
import type { AdoptionFacts } from './read-facts.ts';
import type { Findings } from './findings.ts';
import { unchanged, viewText } from './guards.ts';

type Relation = AdoptionFacts['relations'][number];

/** Views are replaced; materialised views are made anew. What cannot be done safely is a person's. */
export function relationSteps(facts: AdoptionFacts, view: string): Findings {
  const byHand = facts.relations.flatMap((one) => obstacle(one, facts, view) ?? []);
  const moved = facts.relations.filter(
    (one) => !byHand.some(({ kind, name }) => kind === one.kind && name === plainName(one)),
  );
  const definitions = new Map(
    moved.flatMap((one) => ('definition' in one.repointed ? [[one.name, one.repointed.definition] as const] : [])),
  );
  const materialised = moved.filter((one) => one.kind === 'materialised view');
  return {
    byHand,
    steps: [
      ...materialised.map((one) => fillStep(one, view)),
      ...moved.filter((one) => one.kind === 'view').map((one) => viewStep(one, view)),
      ...materialised.map((one) => placeStep(one, definitions)),
    ],
  };
}

function viewStep(one: Relation, view: string): AdoptionStep {
  return {
    title: `view ${one.name} reads ${view}`,
    run: [replaceView(one, definitionOf(one))],
    undo: [replaceView(one, one.definition)],
  };
}

function fillStep(one: Relation, view: string): AdoptionStep {
  const kept = keptOf(one);
  return {
    title: `materialised view ${one.name}: a second one that reads ${view}, ${kept.populated ? 'filled' : 'not filled, as the present one'}`,
    run: fillBeside(one, kept, definitionOf(one)),
    prove: fillBeside(one, kept, definitionOf(one), false),
    undo: [],
  };
}

function placeStep(one: Relation, definitions: ReadonlyMap<string, string>): AdoptionStep {
  const kept = keptOf(one);
  return {
    title: `materialised view ${one.name}: the second one takes its place`,
    run: takePlace(one, kept, definitions),
    undo: [...fillBeside(one, kept, one.definition), ...takePlace(one, kept, new Map())],
  };
}

function obstacle(one: Relation, facts: AdoptionFacts, view: string): ReaderByHand | null {
  const byHand = (reason: string, remedy: string): ReaderByHand => ({
    kind: one.kind,
    name: plainName(one),
    reason,
    remedy,
    definition: one.definition,
    unchanged: unchanged(viewText(one.name), one.definition),
  });
  if (one.partitions.length > 0)
    return byHand(
      `it reads ${one.partitions.join(', ')}, of which the view shows no part by itself`,
      `let it read ${view} with the bounds of the partition as a predicate`,
    );
  if (one.writers.length > 0)
    return byHand(
      `${one.writers.join(', ')} may write ${facts.table.baseText} through it, which a view of several branches does not take`,
      `let them write ${facts.table.baseText} itself: REVOKE INSERT, UPDATE, DELETE ON ${one.name} FROM ${one.writers.join(', ')}`,
    );
  if ('reason' in one.repointed)
    return byHand(one.repointed.reason, `define it over ${view}, or leave it: --leave ${literal(plainName(one))}`);
  if (one.kind === 'view') return null;
  const { obstacles, views } = keptOf(one);
  const bound = views.filter((other) =>
    facts.relations.some(({ name, repointed }) => name === other.name && 'reason' in repointed),
  );
  const all = [...obstacles, ...bound.map(({ name }) => `view ${name}, which is a person's to change, reads it`)];
  return all.length === 0
    ? null
    : byHand(
        `it would be made anew, and ${all.join('; ')}`,
        `make it anew over ${view} by hand, with what hangs on it`,
      );
}

/** As a plan and a spec name it. */
function plainName({ schema, bareName }: Relation): string {
  return `${schema}.${bareName}`;
}

function definitionOf({ name, repointed }: Relation): string {
  if ('definition' in repointed) return repointed.definition;
  throw new Error(`${name} has no definition over the view: ${repointed.reason}`);
}

function keptOf({ name, kept }: Relation): NonNullable<Relation['kept']> {
  if (kept === null) throw new Error(`${name} is no materialised view`);
  return kept;
}
