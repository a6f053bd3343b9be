/** The `type` of every ApplicationFailure an activity throws, with what the workflow does about it. */
export const FAILURES = {
  WarehouseUnavailable: { retry: true, means: 'the warehouse cannot be reached or is out of a resource' },
  LockNotAvailable: { retry: true, means: 'somebody else holds a lock; nobody is killed, it is tried again' },
  SerializationConflict: { retry: true, means: 'two transactions met; one of them is tried again' },
  StillWaiting: { retry: true, means: 'an idle poll: nothing has changed yet' },
  GateClosed: { retry: true, means: 'the gate is closed: live writes are kept and followed when it opens' },
  StillRead: { retry: true, means: 'somebody reads what the view showed before; nobody is stopped' },
  // A worker that slept may be handed an attempt that is over, and take the lane from the one in force: that one must come
  // back. The report of an attempt that is over is refused by the server, whatever it says.
  StaleFence: { retry: true, means: 'another attempt took this work over' },
  // Three times in all: the last one says itself that it is not to be tried again.
  QueryTimeout: { retry: true, means: 'a statement ran longer than it may' },
  StatementCancelled: { retry: false, means: 'somebody cancelled the statement on the server: a person asked for it' },
  // The workflow closes the gate until there is room: a retry inside the activity would be a wait that nobody sees.
  DiskFull: { retry: false, means: 'the disk of the warehouse is full' },
  MissingPrivilege: { retry: false, means: 'the worker may not do this; the message names the grant' },
  StatementRefused: { retry: false, means: 'the warehouse refuses the statement: plan and warehouse disagree' },
  InputChanged: { retry: false, means: 'a reference input is no longer what was built from' },
  SchemaDrift: { retry: false, means: 'base table or view are no longer those of the plan' },
  DataRefused: { retry: false, means: 'the data breaks a constraint or cannot be converted' },
  // Ours or a library's: perhaps of the moment, so it is tried for a minute, and then a person has to know.
  Unexpected: { retry: true, means: 'something that nobody foresaw, most likely a defect' },
  LedgerRefused: { retry: false, means: 'an invariant of the ledger forbids it' },
} as const;
export type FailureType = keyof typeof FAILURES;
