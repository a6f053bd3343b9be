import pc from 'picocolors';
import type { Surroundings } from '../surroundings.ts';

/** Emphasis, or none where standard output is no terminal or NO_COLOR is set. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly waiting: (text: string) => string;
}

export function paintFor({ isColoured }: Pick<Surroundings, 'isColoured'>): Paint {
  const { bold, dim, green, red, yellow } = pc.createColors(isColoured);
  return { bold, dim, good: green, bad: red, waiting: yellow };
}
