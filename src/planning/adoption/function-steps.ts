import { literal } from '../../warehouse/sql.ts';
import type { Findings } from './findings.ts';
import { functionText, unchanged } from './guards.ts';
import type { AdoptionFacts } from './read-facts.ts';

export interface FunctionsAfter {
  readonly view: string;
  /** The view takes the name of the table, which text bodies go on naming. */
  readonly keepsName: boolean;
}

/** A parsed body follows OIDs and is replaced; a body of text is a person's, unless the name that it uses becomes the view's. */
export function functionSteps(facts: AdoptionFacts, { view, keepsName }: FunctionsAfter): Findings {
  const readers = facts.functions.filter(({ isParsed }) => isParsed || !keepsName);
  return {
    steps: readers.flatMap(({ signature, definition, repointed }) =>
      repointed !== null && 'definition' in repointed
        ? [
            {
              title: `function ${signature} reads ${view}`,
              run: [`${repointed.definition.trimEnd()};`],
              undo: [`${definition.trimEnd()};`],
            },
          ]
        : [],
    ),
    byHand: readers.flatMap(({ readerName, signature, language, definition, repointed }) =>
      repointed !== null && 'definition' in repointed
        ? []
        : [
            {
              kind: 'function' as const,
              name: readerName,
              reason:
                repointed?.reason ?? `its body is text in ${language}, which the server does not parse before it runs`,
              remedy: `let it read ${view}, or leave it: --leave ${literal(readerName)}`,
              definition,
              unchanged: unchanged(functionText(signature), definition),
            },
          ],
    ),
  };
}

/** Functions that need no change, because the name in their text is the view's afterwards. */
export function functionsByName(facts: AdoptionFacts): string[] {
  return facts.functions.filter(({ isParsed }) => !isParsed).map(({ readerName }) => readerName);
}
