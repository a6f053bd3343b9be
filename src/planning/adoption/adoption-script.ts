import type { AdoptionPlan, AdoptionStep } from '../../domain/adoption.ts';
import { LOCK } from '../../ledger/install.ts';
import { byHandGuards, noRun } from './guards.ts';

export interface ScriptParts {
  readonly plan: AdoptionPlan;
  /** Statements that make the ledger where it is missing. */
  readonly ledger: readonly string[];
  readonly guards: readonly string[];
  readonly tableOid: number;
}

/** Readers of a replaced view stand behind a waiting replacement for this long at most. */
const SETTINGS = [
  `SET LOCAL lock_timeout = '200ms';`,
  'SET LOCAL search_path = pg_catalog, pg_temp;',
  'SET LOCAL check_function_bodies = on;',
];

/** What is run in one transaction, `BEGIN` and `COMMIT` aside. `tried`: as a proof runs it, with what is a person's left aside. */
export function adoptionStatements({ plan, ledger, guards }: ScriptParts, tried = false): string[] {
  return [
    ...SETTINGS,
    ...(ledger.length === 0 ? [] : [`${LOCK};`, ...ledger]),
    ...guards,
    ...(tried ? [] : byHandGuards(plan.byHand)),
    ...plan.steps.flatMap((step) => (tried ? (step.prove ?? step.run) : step.run)),
  ];
}

/** For psql, or any client that runs statements one after the other and stops at the first error. */
export function adoptionScript(parts: ScriptParts): string {
  const { plan, ledger, guards } = parts;
  return [
    `-- Adoption of ${plan.dataset} ${behind(plan)}, drawn up by ${plan.requestedBy} as ${plan.releaseId}.`,
    '-- Review every step, then let another person run it as administrator: psql "$ADMIN_URL" -v ON_ERROR_STOP=1 -f adopt.sql',
    '-- One transaction: whatever is refused, or not locked in time, leaves everything as it was; run it again then.',
    'BEGIN;',
    ...SETTINGS,
    ...(ledger.length === 0 ? [] : ['', '-- The ledger is missing or older than this version.', `${LOCK};`, ...ledger]),
    '',
    '-- Everything is as it was when this was drawn up.',
    ...guards,
    ...byHandGuards(plan.byHand),
    ...plan.steps.flatMap((step, index) => [
      '',
      commented(`${index + 1}. ${step.title}`),
      ...undoComment(step),
      ...step.run,
    ]),
    'COMMIT;',
    '',
  ].join('\n');
}

/** Takes the adoption back, last step first. */
export function undoScript({ plan, tableOid }: ScriptParts): string {
  return [
    `-- Undoes the adoption of ${plan.dataset} ${behind(plan)}, release ${plan.releaseId}.`,
    '-- As administrator: psql "$ADMIN_URL" -v ON_ERROR_STOP=1 -f undo.sql',
    ...(plan.keepsName ? ['-- The contract is changed back with it.'] : []),
    'BEGIN;',
    ...SETTINGS,
    noRun(tableOid),
    ...[...plan.steps]
      .reverse()
      .flatMap((step) => (step.undo.length === 0 ? [] : ['', commented(`Undone: ${step.title}`), ...step.undo])),
    'COMMIT;',
    '',
  ].join('\n');
}

/** How the table is adopted, as the end of a sentence that names it. */
export function behind({ keepsName, base, view }: AdoptionPlan): string {
  return keepsName ? `behind a view of its name, as table ${base}` : `behind ${view}`;
}

function undoComment({ undo }: AdoptionStep): string[] {
  return undo.map((statement) => commented(`undo: ${statement}`));
}

function commented(text: string): string {
  return text.replaceAll(/^/gm, '-- ');
}
