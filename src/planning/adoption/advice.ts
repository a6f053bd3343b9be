import type { QualifiedName } from '../../domain/names.ts';
import { formatName, sameName } from '../../domain/names.ts';
import type { AdoptionOrder } from './adoption-order.ts';
import type { AdoptionFacts } from './read-facts.ts';
import { functionsByName } from './function-steps.ts';

/** What the script does not do, and somebody should know. */
export function adoptionNotes({ target, renamed, contractView }: AdoptionOrder, facts: AdoptionFacts): string[] {
  const base = formatName(target.base);
  const managed = facts.relations.length > 0;
  return [
    ...(managed
      ? [
          'a view or materialised view that dbt or another program makes is made anew by its next run, with the definition that the program has: change it there as well (the source below)',
        ]
      : []),
    ...(renamed === null ? [] : renameNotes(renamed, contractView, facts)),
    ...facts.table.defaultReaders.map(
      (role) =>
        `default privileges give ${role} SELECT on tables that are made in schema ${target.base.schema}: on partitions of ${base} that come later, on snapshot and shadow, and on a view that is made. Take it back there: ALTER DEFAULT PRIVILEGES … REVOKE SELECT ON TABLES FROM ${role}`,
    ),
    'superusers, members of pg_read_all_data, and the owner of the table read it whatever is granted; nothing moves them',
    'statements that programs and people keep elsewhere are not seen: once their role reads the view alone, those that name the table fail with "permission denied", and name it',
  ];
}

function renameNotes(
  renamed: NonNullable<AdoptionOrder['renamed']>,
  contractView: QualifiedName,
  facts: AdoptionFacts,
): string[] {
  const text = functionsByName(facts);
  const formerView = facts.relations.some(({ schema, bareName }) => sameName({ schema, name: bareName }, contractView));
  return [
    ...(text.length === 0
      ? []
      : [
          `${text.join(', ')}: nothing to do, their text names ${formatName(renamed.view)}, which is the view afterwards`,
        ]),
    ...(formerView
      ? [
          `${formatName(contractView)} goes on as a view over ${formatName(renamed.view)}: publication changes the latter, and both show it`,
        ]
      : []),
    `afterwards: change the contract, then backfill install --dataset ${quotedForShell(renamed.base)} --admin-url env:ADMIN_URL`,
  ];
}

/** What the contract has to say afterwards, where that is something else. */
export function contractLines({ target, renamed, contractView }: AdoptionOrder): string[] {
  if (renamed === null) return [];
  return [
    ...(sameName(renamed.base, target.base) ? [] : [`dataset: ${formatName(renamed.base)}`]),
    ...(sameName(renamed.view, contractView) ? [] : [`published_view: ${formatName(renamed.view)}`]),
  ];
}

/** The source of a dbt project under its present name, so that no model changes. */
export function dbtSource(base: QualifiedName, view: QualifiedName, keepsName: boolean): string {
  if (keepsName) return `# Nothing changes: a source that names ${formatName(view)} reads the view afterwards.\n`;
  return [
    'sources:',
    `  - name: ${yamlText(base.schema)}`,
    `    schema: ${yamlText(view.schema)}`,
    '    tables:',
    `      - name: ${yamlText(base.name)}`,
    `        identifier: ${yamlText(view.name)}`,
    '',
  ].join('\n');
}

function yamlText(text: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(text) && !['true', 'false', 'null', 'yes', 'no', 'on', 'off'].includes(text)
    ? text
    : JSON.stringify(text);
}

function quotedForShell(name: QualifiedName): string {
  const text = formatName(name);
  return text.includes('"') ? `'${text.replaceAll("'", `'\\''`)}'` : text;
}
