import type { AdoptionPlan } from '../../domain/adoption.ts';
import type { AdoptionCheck } from '../../planning/adoption/check-adoption.ts';
import type { DrawnUpAdoption } from '../../planning/adoption/plan-adoption.ts';
import { behind } from '../../planning/adoption/adoption-script.ts';
import { counted } from '../../report/words.ts';
import { blocks } from './layout.ts';

/** A script with what to know before it as comments, so that it can be run as it is; where the script is in `folder`, what to know alone. */
export function renderAdoption(drawn: DrawnUpAdoption, folder: string | null): string {
  if (drawn.kind === 'refused')
    return ['The adoption is refused:', ...drawn.reasons.map((one) => `- ${one}`)].join('\n');
  if (drawn.kind === 'complete') return 'Nothing to adopt: every reader goes through the view.';
  const { plan, proof, script } = drawn;
  const known = blocks(
    `${plan.dataset} ${behind(plan)}: ${counted(plan.steps.length, 'step')}, ${counted(plan.byHand.length, 'reader')} to be changed by hand`,
    `${proof.state}: ${proof.detail}`,
    plan.keepsName ? 'Until the rename, at the end of the script, the view has another name.' : null,
    byHand(plan),
    list(
      'Stays past the view, to be named in publication.direct_readers of a spec:',
      plan.left.map(({ kind, name }) => `${kind} ${name}`),
    ),
    list(
      'Writers of the table:',
      plan.writers.map(
        ({ kind, name, privileges, advice }) =>
          `${kind} ${name}${privileges.length === 0 ? '' : ` (${privileges.join(', ')})`}: ${advice}`,
      ),
    ),
    list('Lines of the contract afterwards:', plan.contract),
    list('Besides:', plan.notes),
    `In a dbt project, so that its models read the view:\n${plan.dbt.trimEnd()}`,
  );
  if (folder === null) return `${known.replaceAll(/^/gm, '-- ')}\n\n${script}`.trimEnd();
  const steps = plan.steps.map(({ title }, index) => `${index + 1}. ${title}`);
  return blocks(
    known,
    `Written to ${folder}: adopt.sql, undo.sql, sources.yml`,
    ['Steps of adopt.sql:', ...steps].join('\n'),
  );
}

export function renderAdoptionCheck({ dataset, view, complete, readers, left, problems }: AdoptionCheck): string {
  return blocks(
    complete ? `${dataset}: every reader goes through ${view}.` : `${dataset}: the adoption is not complete.`,
    list(
      `Reads past ${view}:`,
      readers.map(({ kind, name }) => `${kind} ${name}`),
    ),
    list(
      'Stays past it, because it was left:',
      left.map(({ kind, name }) => `${kind} ${name}`),
    ),
    list('To be changed:', problems),
    complete || readers.length === 0 ? null : `backfill adopt ${dataset} draws up the change`,
  );
}

function byHand({ byHand: readers }: AdoptionPlan): string | null {
  if (readers.length === 0) return null;
  return blocks(
    'By hand, before the script, which refuses to run over them:',
    ...readers.map(({ kind, name, reason, remedy, definition }) =>
      [
        `${kind} ${name}: ${reason}; ${remedy}`,
        ...(definition === null ? [] : [definition.trimEnd().replaceAll(/^/gm, '    ')]),
      ].join('\n'),
    ),
  );
}

function list(title: string, lines: readonly string[]): string | null {
  return lines.length === 0 ? null : [title, ...lines.map((line) => `- ${line}`)].join('\n');
}
