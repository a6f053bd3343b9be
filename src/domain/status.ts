export const BACKFILL_STATUSES = [
  'planning',
  'proving',
  'preserving',
  'building',
  'reconciling',
  'awaitingApproval',
  'publishing',
  'observing',
  'awaitingSignOff',
  'consolidating',
  'completed',
  'rollingBack',
  'rolledBack',
  'closing',
  'closed',
  'held',
  'aborting',
  'aborted',
  'failed',
] as const;
export type BackfillStatus = (typeof BACKFILL_STATUSES)[number];

/** From the proofs to the switch, the first time or again after a rollback. */
export const TOWARDS_PUBLICATION: readonly BackfillStatus[] = [
  'proving',
  'preserving',
  'building',
  'reconciling',
  'awaitingApproval',
  'publishing',
];
/** Readers see the release, and no row moves into the base yet. */
export const WATCHING: readonly BackfillStatus[] = ['observing', 'awaitingSignOff'];

type Edges = Readonly<Partial<Record<BackfillStatus, string>>>;

/** Every move a backfill can make, each with the sentence that explains it. What is not here cannot happen. */
export const TRANSITIONS: Readonly<Record<BackfillStatus, Edges>> = {
  planning: {
    proving: 'the plan is frozen',
    failed: 'the plan is refused and nothing was written',
    aborting: 'a person gave it up while it was planned',
    observing: 'the ledger holds this run as published already: its watch is taken up again',
    rollingBack: 'the ledger holds this run as rolling back: the switch back is taken up again',
    rolledBack: 'the ledger holds this run as rolled back: a person decides on',
    consolidating: 'the ledger holds this run as signed off: its consolidation is taken up again',
    closing: 'the ledger holds this run as closing: its clean-up is taken up again',
  },
  proving: {
    preserving: 'every proof holds',
    held: 'a proof does not hold',
    aborting: 'a person gave it up',
  },
  preserving: {
    building: 'capture, snapshot and shadow are in place',
    held: 'one of them could not be made',
    aborting: 'a person gave it up',
  },
  building: {
    reconciling: 'every partition is rebuilt and every batch reconciled',
    held: 'a check failed or retries ran out',
    aborting: 'a person gave it up',
  },
  reconciling: {
    awaitingApproval: 'the evidence is complete and every check passes or is waived',
    held: 'a check of the whole run failed, or live writes come faster than they are followed',
    aborting: 'a person gave it up',
  },
  awaitingApproval: {
    publishing: 'the evidence is approved',
    reconciling: 'live writes changed more than an approval may cover, so new evidence is needed',
    held: 'an approver rejected the evidence, or live writes come faster than they are followed',
    aborting: 'a person gave it up',
  },
  publishing: {
    observing: 'consumers read the corrected history',
    rolledBack: 'the ledger shows that it was published and rolled back by hand',
    reconciling: 'the approval no longer covers the evidence',
    held: 'the switch could not be made',
    aborting: 'a person gave it up before the switch',
  },
  observing: {
    awaitingSignOff: 'the rollback window is over',
    rollingBack: 'a person asked for a rollback',
    rolledBack: 'the ledger shows a rollback made by hand',
    held: 'the release could not be watched',
  },
  awaitingSignOff: {
    consolidating: 'every party signed off',
    rollingBack: 'a person asked for a rollback',
    rolledBack: 'the ledger shows a rollback made by hand',
    held: 'the release could not be watched',
  },
  consolidating: {
    completed: 'the base table holds the corrected history and the overlay is retired',
    rolledBack: 'the ledger shows a rollback made by hand before any row was moved',
    held: 'consolidation met something a person must decide',
  },
  completed: {},
  rollingBack: {
    rolledBack: 'consumers read the previous history again',
    held: 'the switch back could not be made',
  },
  rolledBack: {
    reconciling: 'a person asked to publish again, which needs fresh evidence and a new approval',
    closing: 'a person closed the run',
    held: 'the rolled back run could not be kept current',
  },
  closing: { closed: 'everything this run made is removed, the evidence is kept', held: 'clean-up met an obstacle' },
  closed: {},
  held: {
    proving: 'a person asked to try again, or replanned with another logic',
    preserving: 'a person asked to try again, or replanned',
    building: 'a person asked to try again, waived the check, or replanned',
    reconciling: 'a person asked to try again, waived the check, or replanned, which needs fresh evidence',
    awaitingApproval: 'a person asked to try again',
    publishing: 'a person asked to try again',
    observing: 'a person asked to try again, or replanned',
    awaitingSignOff: 'a person asked to try again, or replanned',
    rollingBack: 'a person asked for a rollback or asked to try again',
    rolledBack: 'the ledger shows a rollback made by hand, or a person asked to try again',
    consolidating: 'a person asked to try again',
    held: 'the ledger shows a rollback made by hand after rows were moved into the base',
    closing: 'a person asked to try again, or closed the run after a rollback by hand',
    aborting: 'a person gave it up, or asked to try the clean-up again',
  },
  aborting: { aborted: 'what was never published is dropped, the evidence is kept', held: 'clean-up met an obstacle' },
  aborted: {},
  failed: {},
};

export function canMove(from: BackfillStatus, to: BackfillStatus): boolean {
  return TRANSITIONS[from][to] !== undefined;
}

export type FinalStatus = 'completed' | 'closed' | 'aborted' | 'failed';

export function isFinal(status: BackfillStatus): status is FinalStatus {
  return Object.keys(TRANSITIONS[status]).length === 0;
}

/** Statuses in which consumers still read the old history because nothing was ever published. */
const BEFORE_PUBLICATION: readonly BackfillStatus[] = ['planning', ...TOWARDS_PUBLICATION];

export function isBeforePublication(status: BackfillStatus): boolean {
  return BEFORE_PUBLICATION.includes(status);
}
