import { setTimeout as pause } from 'node:timers/promises';
import type { Window } from './clock.ts';
import { now } from './clock.ts';
import { behindLongQueries } from './long-query.ts';
import { publish, rollBackByActivity, switchThereAndBack } from './release-cycle.ts';
import type { Traffic } from './traffic.ts';
import type { World } from './world.ts';

export const CONDITIONS = ['no long query', 'behind a long query'] as const;
export type Condition = (typeof CONDITIONS)[number];

/** One condition in one round: a time in which nothing happens, one full of switches, and one whole publication. */
export interface SwitchRound {
  readonly condition: Condition;
  readonly control: Window;
  readonly switching: Window;
  readonly publication: Window;
  /** Of the activities: with vacuum, grants, arming, catch-up and the switch; with arming and the statement. */
  readonly publishActivityMs: number;
  readonly rollbackActivityMs: number;
  readonly longAnswers: readonly string[];
}

export interface SwitchOptions {
  readonly rounds: number;
  readonly switches: number;
  readonly controlMs: number;
  readonly longQuerySeconds: number;
}

/** The view is armed from the first publication on, so that a switch in the rounds is a switch and nothing else. */
export async function measureSwitches(
  world: World,
  traffic: Traffic,
  options: SwitchOptions,
  log: (line: string) => void,
): Promise<SwitchRound[]> {
  await publish(world);
  await rollBackByActivity(world);
  const rounds: SwitchRound[] = [];
  for (let round = 1; round <= options.rounds; round += 1)
    for (const condition of CONDITIONS) {
      rounds.push(await oneRound(world, traffic, condition, { ...options, controlFirst: round % 2 === 1 }));
      log(`round ${round}/${options.rounds} of switches, ${condition}`);
    }
  return rounds;
}

async function oneRound(
  world: World,
  traffic: Traffic,
  condition: Condition,
  { switches, controlMs, longQuerySeconds: seconds, controlFirst }: SwitchOptions & { readonly controlFirst: boolean },
): Promise<SwitchRound> {
  const longAnswers: string[] = [];
  const meanwhile = (again: boolean, work: () => Promise<void>): Promise<Window> =>
    timed(async () => {
      if (condition === 'no long query') await work();
      else longAnswers.push(...(await behindLongQueries(world, { again, seconds }, work)).answers);
    });
  // What late writes the last round left is rebuilt first: the switches are to be nothing but switches.
  await world.activities.concludeEvidence({ backfillId: world.plan.backfillId });
  const phases = {
    control: () => meanwhile(true, () => pause(controlMs)),
    switching: () =>
      meanwhile(true, async () => {
        for (let done = 0; done < switches; done += 1) await switchThereAndBack(world);
      }),
  };
  const first = controlFirst ? await phases.control() : null;
  const switching = await phases.switching();
  const control = first ?? (await phases.control());
  let publishActivityMs = 0;
  let rollbackActivityMs = 0;
  await traffic.writeLate(true);
  const began = now();
  await meanwhile(false, async () => void (publishActivityMs = await publish(world)));
  await meanwhile(false, async () => void (rollbackActivityMs = await rollBackByActivity(world)));
  const publication = { from: began, to: now() };
  await traffic.writeLate(false);
  return { condition, control, switching, publication, publishActivityMs, rollbackActivityMs, longAnswers };
}

async function timed(work: () => Promise<void>): Promise<Window> {
  const from = now();
  await work();
  return { from, to: now() };
}
