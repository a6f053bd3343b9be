import { describe, expect, it } from 'vitest';
import { EXIT, exitCodeOf } from '../../src/cli/exit-codes.ts';
import { exitCodeOfKnown } from '../../src/cli/read-status.ts';
import { BACKFILL_STATUSES } from '../../src/domain/status.ts';
import { viewOf } from './views.ts';

describe('exit code of a status', () => {
  it('is decided for every status', () => {
    const codes = BACKFILL_STATUSES.map((status) => `${exitCodeOf(viewOf({ status }))} ${status}`).sort();
    expect(codes).toMatchInlineSnapshot(`
      [
        "0 aborting",
        "0 building",
        "0 closed",
        "0 closing",
        "0 completed",
        "0 consolidating",
        "0 observing",
        "0 planning",
        "0 preserving",
        "0 proving",
        "0 publishing",
        "0 reconciling",
        "0 rollingBack",
        "1 aborted",
        "1 failed",
        "3 awaitingApproval",
        "3 awaitingSignOff",
        "3 held",
        "3 rolledBack",
      ]
    `);
  });

  it('waits for a person while it is paused, and not while a gate is closed', () => {
    const since = '2026-06-15T09:00:00.000Z';
    const paused = { by: 'dana', reason: 'month end', since };
    const gated = { reason: 'pause window 08:00–10:00 UTC', since };
    expect(exitCodeOf(viewOf({ paused }))).toBe(EXIT.waiting);
    expect(exitCodeOf(viewOf({ waitingOn: gated }))).toBe(EXIT.done);
  });

  it('waits for a person where the workflow is gone', () => {
    const known = { view: viewOf(), isLive: false, runId: null };
    expect(exitCodeOfKnown({ ...known, isOrphaned: true })).toBe(EXIT.waiting);
    expect(exitCodeOfKnown({ ...known, isOrphaned: false })).toBe(EXIT.done);
  });
});
