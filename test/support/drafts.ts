import { onTestFinished } from 'vitest';
import type { Check } from '../../src/domain/verdict.ts';
import type { Draft } from '../../src/planning/draft-plan.ts';
import type { Scenario, SmallDataset } from './small-dataset.ts';
import { createDataset } from './small-dataset.ts';

/** A dataset that lasts as long as its test, after a statement that spoils it. */
export async function datasetWith(changes: Partial<Scenario> = {}, plant?: string): Promise<SmallDataset> {
  const world = await createDataset(changes);
  onTestFinished(() => world.end());
  if (plant !== undefined) await world.query(plant);
  return world;
}

export async function draftOf(changes: Partial<Scenario> = {}, plant?: string): Promise<Draft> {
  return (await datasetWith(changes, plant)).draft();
}

export function checkOf(draft: Draft, name: string): Check | undefined {
  return draft.rehearsal?.checks.find((check) => check.name === name);
}

/** Names of the checks that do not hold. */
export function failing(draft: Draft): string[] {
  return (draft.rehearsal?.checks ?? []).filter(({ verdict }) => verdict === 'fail').map(({ name }) => name);
}
