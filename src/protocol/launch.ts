import type { BackfillState } from '../domain/backfill-state.ts';

/** What a run is started with: the envelope, or the bare spec that a person pasted into the start form. */
export type BackfillInput =
  | {
      readonly spec: unknown;
      readonly requestedBy?: string;
      readonly set?: Readonly<Record<string, string>>;
      /** Events a run may have before it continues as new, 50 to 1,500; for trials of what a long history meets. */
      readonly historyBudget?: number;
    }
  | Readonly<Record<string, unknown>>
  | string;

/** What a run hands to its successor when its history has grown long. */
export interface ContinuedInput {
  readonly continued: BackfillState;
  /** What the first run was started with, where it is not planned yet. */
  readonly launch?: BackfillInput;
}

export interface BackfillOutcome {
  readonly backfillId: string;
  readonly status: 'completed' | 'closed' | 'aborted';
  readonly releaseId: string | null;
  readonly because: string;
}
