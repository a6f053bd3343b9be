import { parseArgs } from 'node:util';

/** A whole number that a bench takes from its command line, with its default and bounds. */
export interface NumberOption {
  readonly default: number;
  readonly min: number;
  readonly max: number;
}

export type BenchOptions<Name extends string> = Readonly<Record<Name, number>> & {
  /** The last line of the output is one JSON object of figures, and nothing else goes to stdout. */
  readonly json: boolean;
  /** Writes the figures into docs/performance.md too. */
  readonly write: boolean;
};

/** Reads `--name 12`, `--json` and `--write`. Throws one sentence that names the option and what it takes. */
export function readBenchOptions<Name extends string>(
  args: readonly string[],
  numbers: Readonly<Record<Name, NumberOption>>,
): BenchOptions<Name> {
  const names = Object.keys(numbers) as Name[];
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      ...Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
    },
  });
  const given = values as unknown as Readonly<Record<string, string | undefined>>;
  const read = names.map((name) => [name, readNumber(name, given[name], numbers[name])] as const);
  return { json: values.json, write: values.write, ...(Object.fromEntries(read) as Record<Name, number>) };
}

function readNumber(name: string, given: string | undefined, { default: usual, min, max }: NumberOption): number {
  if (given === undefined) return usual;
  const value = Number(given);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new RangeError(`--${name} is ${given}: give a whole number from ${min} to ${max}`);
}
