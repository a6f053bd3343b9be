/** The variables of a process; an empty one counts as not set, since compose files and CI write `NAME=`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One setting that cannot be used, by the name a person sets it by. Values are never quoted: one may be a secret. */
export interface ConfigProblem {
  readonly setting: string;
  readonly problem: string;
  readonly allowed: string;
}

export function formatConfigProblem({ setting, problem, allowed }: ConfigProblem): string {
  return `${setting}: ${problem}; allowed: ${allowed}`;
}

/** Reads single variables and keeps every problem. */
export interface SettingReader {
  readonly text: (name: string) => string | null;
  readonly flag: (name: string) => boolean;
  readonly amount: (name: string) => number | null;
  readonly choice: <T extends string>(name: string, choices: readonly T[], otherwise: T) => T;
  readonly matching: (name: string, pattern: RegExp, allowed: string) => string | null;
  readonly refuse: (problem: ConfigProblem) => void;
  readonly problems: readonly ConfigProblem[];
}

export function settingReader(env: Environment): SettingReader {
  const problems: ConfigProblem[] = [];
  const text = (name: string): string | null => env[name]?.trim() || null;
  const refuse = (problem: ConfigProblem): void => void problems.push(problem);
  return { text, refuse, problems, flag, amount, choice, matching };

  function flag(name: string): boolean {
    return choice(name, ['0', '1'], '0') === '1';
  }

  function amount(name: string): number | null {
    const value = text(name);
    if (value === null) return null;
    if (/^\d{1,12}(\.\d{1,9})?$/.test(value)) return Number(value);
    refuse({ setting: name, problem: 'not an amount', allowed: 'a number of zero or more, such as 6.25' });
    return null;
  }

  function choice<T extends string>(name: string, choices: readonly T[], otherwise: T): T {
    const value = text(name);
    const chosen = choices.find((one) => one === value);
    if (value !== null && chosen === undefined) {
      refuse({ setting: name, problem: 'not one of the choices', allowed: choices.join(', ') });
    }
    return chosen ?? otherwise;
  }

  function matching(name: string, pattern: RegExp, allowed: string): string | null {
    const value = text(name);
    if (value === null || pattern.test(value)) return value;
    refuse({ setting: name, problem: 'not in the expected form', allowed });
    return null;
  }
}
