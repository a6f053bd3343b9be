/**
 * What runs can be listed by, e.g. `BackfillStatus = "awaitingApproval" AND BackfillOwner = "finance-data"`. A server
 * with SQL visibility has 10 Keyword, 3 Int and 3 Datetime places a namespace, shared with whoever else lives there.
 */
export const SEARCH_ATTRIBUTES = {
  BackfillStatus: 'KEYWORD',
  /** A word for the kind of wait, the same for every run: `approval`, `sign-off`, `a decision`, … or `nothing`. */
  BackfillWaitingOn: 'KEYWORD',
  BackfillDataset: 'KEYWORD',
  BackfillOwner: 'KEYWORD',
  BackfillIssue: 'KEYWORD',
  /** Partitions. */
  BackfillDone: 'INT',
  BackfillTotal: 'INT',
  BackfillRollbackDeadline: 'DATETIME',
} as const;
