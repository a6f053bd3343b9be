import type { AdoptionStep, ReaderByHand } from '../../domain/adoption.ts';

/** What one kind of readers comes to. */
export interface Findings {
  readonly steps: readonly AdoptionStep[];
  readonly byHand: readonly ReaderByHand[];
}
