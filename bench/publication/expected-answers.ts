import { BASE } from './dataset.ts';
import { qualified } from '../../src/warehouse/sql.ts';
import type { ReaderResult } from './reader-thread.ts';
import { readsOf } from './reads.ts';
import type { World } from './world.ts';

/** What each read answers before and after the switch, from the tables themselves. */
export type ExpectedAnswers = ReadonlyMap<string, { readonly before: string; readonly after: string }>;

export async function expectedAnswers({ admin, plan, dates }: World): Promise<ExpectedAnswers> {
  const corrected = `(SELECT day, merchant, net FROM ${BASE} WHERE day >= date '${dates.after}' UNION ALL SELECT day, merchant, net FROM ${qualified(plan.shadow)}) corrected`;
  const answers = new Map<string, { before: string; after: string }>();
  const answer = async (text: string): Promise<string> => {
    const { rows } = await admin.query<{ answer: string }>(text);
    return rows[0]?.answer ?? 'no row';
  };
  const after = readsOf(corrected, dates);
  for (const [at, { name, text }] of readsOf(BASE, dates).entries())
    answers.set(name, { before: await answer(text), after: await answer(after[at]?.text ?? '') });
  for (const [name, { before, after: then }] of answers)
    if (before === then)
      throw new Error(`the correction does not change what the read ${name} answers: nothing mixed would show`);
  return answers;
}

/** Reads that answered neither the one nor the other. */
export function countMixed(
  expected: ExpectedAnswers,
  readers: readonly Pick<ReaderResult, 'answers'>[],
  longAnswers: readonly string[],
): number {
  const seen = [
    ...readers.flatMap(({ answers }) => answers),
    ...longAnswers.map((answer) => ({ name: 'edge', answer, times: 1 })),
  ];
  const mixed = seen.filter(({ name, answer }) => {
    const known = expected.get(name);
    return answer !== known?.before && answer !== known?.after;
  });
  return mixed.reduce((sum, { times }) => sum + times, 0);
}
