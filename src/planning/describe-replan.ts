import type { AddedColumn } from '../domain/added-column.ts';
import { formatName } from '../domain/names.ts';
import { describeAdded } from '../domain/schema-drift.ts';
import { addToShadow } from '../warehouse/postgres/statements/added-columns.ts';
import type { Replan } from './draft-replan.ts';

/** The difference as a person reviews it, one line a finding: columns, logic, view, statements, approval, hash. */
export function describeReplan(replan: Replan): readonly string[] {
  const { plan, toAdd, planHash, replaces, isPublished } = replan;
  const table = formatName(plan.table);
  const columns = plan.addedColumns.map((one) => {
    const shape = plan.columns.find(({ name }) => name === one.name);
    const isNew = toAdd.some(({ column }) => column.name === one.name);
    const what = isNew && shape !== undefined ? describeAdded(table, shape) : `column ${one.name} was added earlier`;
    return `${what}: ${whereFrom(one)}`;
  });
  const hash = planHash.slice(0, 12);
  return [
    ...columns,
    ...logic(replan),
    view(replan),
    ...(toAdd.length === 0 ? [] : addToShadow(plan, toAdd).map(({ text }) => `on the shadow: ${text}`)),
    isPublished
      ? 'readers see it at once: it takes an approver of the dataset other than who requested the backfill; the approval of the release stands, since no row that it covered changes'
      : 'what was approved before is void: fresh evidence is found and asked about',
    `the plan ${replaces.slice(0, 12)} becomes ${planHash}; the old one is kept in governance.superseded_plans`,
    `to carry it: backfill replan ${plan.backfillId} --by <you> --plan-hash ${hash}`,
  ];
}

function whereFrom({ name, filledBy, value }: AddedColumn): string {
  switch (filledBy) {
    case 'transform':
      return 'the transform yields it; it is compared with nothing, for the old version has none';
    case 'server':
      return 'the server computes it in the shadow as in the base';
    case 'default':
      return `every row of the interval holds ${value ?? ''} in the base, and every corrected row will; the check added:${name} of each batch goes on looking, and consolidation leaves the base's own values`;
  }
}

function logic({ plan, rebuild }: Replan): string[] {
  if (!rebuild) return [];
  const files = plan.eras.map(({ from, file, sha256 }) => `from ${from}: ${file} (${sha256.slice(0, 12)})`);
  return [`the corrected logic is another: everything is proved and built again by ${files.join(', ')}`];
}

function view({ plan }: Replan): string {
  const name = formatName(plan.view);
  const shown = plan.addedColumns.filter((one) => plan.viewColumns.includes(one.name)).map((one) => one.name);
  const hidden = plan.addedColumns.filter((one) => !plan.viewColumns.includes(one.name)).map((one) => one.name);
  return [
    ...(shown.length === 0 ? [] : [`view ${name} shows ${shown.join(', ')} at its end`]),
    ...(hidden.length === 0
      ? []
      : [`view ${name} shows a selection of columns, and ${hidden.join(', ')} is not one of them`]),
  ].join('; ');
}
