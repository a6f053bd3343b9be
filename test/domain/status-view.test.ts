import { describe, expect, it } from 'vitest';
import { viewStatus, waitingOn } from '../../src/domain/status-view.ts';
import { BACKFILL_STATUSES, isFinal } from '../../src/domain/status.ts';
import { EVIDENCE, NOW, RELEASE, heldOn, stateIn } from './states.ts';

const paused = { by: 'olaf', reason: 'month end', since: NOW };
const waiting = { reason: 'pause window 08:00–18:00 UTC', since: NOW, until: '2026-06-15T18:00:00.000Z' };

describe('what a backfill waits on', () => {
  it('is a hold before a pause before a closed gate', () => {
    const all = { ...heldOn(), paused, waiting };
    expect(waitingOn(all)?.reason).toBe('held: batch 12 fails delta:revenue; retry, waive or abort');
    expect(waitingOn({ ...all, hold: null })?.reason).toBe('paused by olaf: month end; resume ends it');
    expect(waitingOn({ ...all, hold: null, paused: null })).toEqual(waiting);
    expect(waitingOn({ ...all, hold: null, paused: null, waiting: null })).toBeNull();
  });

  it('is nothing once it has ended', () => {
    for (const status of BACKFILL_STATUSES.filter(isFinal))
      expect(waitingOn({ ...heldOn(), status, paused, waiting })).toBeNull();
  });
});

describe('the status that programs read', () => {
  it('has these fields, whatever the status', () => {
    const fields = Object.keys(viewStatus(stateIn('planning', { plan: null }), 3));
    expect(fields).toMatchInlineSnapshot(`
      [
        "backfillId",
        "dataset",
        "status",
        "since",
        "waitingOn",
        "partitions",
        "batches",
        "bytesScanned",
        "evidenceDigest",
        "checks",
        "monitors",
        "undelivered",
        "approval",
        "approvals",
        "waivers",
        "hold",
        "drift",
        "proposal",
        "paused",
        "release",
        "rollbackDeadline",
        "rollbackStatement",
        "signOffs",
        "refusals",
        "liveWrites",
        "limits",
        "reportPath",
        "historyLength",
        "planHash",
        "specHash",
        "workflowId",
        "requestedBy",
        "because",
        "next",
      ]
    `);
    for (const status of BACKFILL_STATUSES) expect(Object.keys(viewStatus(stateIn(status), 3))).toEqual(fields);
  });

  it('knows no figures before there is a plan', () => {
    expect(viewStatus(stateIn('planning', { plan: null }), 3)).toMatchObject({
      dataset: null,
      planHash: null,
      partitions: { total: 0, done: 0, rebuilt: 0 },
      batches: { total: 0, done: 0, failed: 0 },
      historyLength: 3,
    });
  });

  it('takes plan, evidence and release from the state', () => {
    const view = viewStatus(stateIn('observing', { evidence: EVIDENCE, release: RELEASE, endedBecause: 'why' }), 900);
    expect(view).toMatchObject({
      dataset: 'finance.daily_revenue',
      partitions: { total: 547 },
      evidenceDigest: EVIDENCE.digest,
      reportPath: EVIDENCE.reportPath,
      release: RELEASE,
      because: 'why',
    });
  });
});
