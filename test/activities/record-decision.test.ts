import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Waiver } from '../../src/domain/waiver.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';

const RUN = { backfillId: 'fix-tax' };
const WAIVER: Waiver = {
  by: 'director',
  check: 'row_count',
  batch: 2,
  figure: '+3',
  limit: '±0',
  reason: 'three late merchants',
  at: '2026-01-15T12:00:00.000Z',
};

describe('a waiver in the ledger', () => {
  let world: SmallDataset;
  beforeEach(async () => {
    world = await createDataset();
    await world.plan();
  });
  afterEach(() => world.end());

  const record = (waiver: Waiver) => world.activities.recordDecision({ ...RUN, decision: { kind: 'waive', waiver } });
  const decisions = () =>
    world.query(
      `SELECT a.subject, a.comment, e.body ->> 'figure' AS figure
         FROM governance.backfill_approvals a LEFT JOIN governance.backfill_evidence e ON e.backfill_id = a.backfill_id AND e.kind = 'waiver' AND e.digest = a.evidence_digest
        WHERE a.decision = 'waive' ORDER BY a.approval_id`,
    );

  it('that is given again for a worse figure keeps its own reason, beside the evidence that it refers to', async () => {
    const worse = { ...WAIVER, figure: '+7', reason: 'four more came', at: '2026-01-15T13:00:00.000Z' };
    expect(await record(WAIVER)).toEqual({ kind: 'recorded' });
    expect(await record(worse)).toEqual({ kind: 'recorded' });
    expect(await decisions()).toEqual([
      { subject: '2:row_count', comment: 'three late merchants', figure: '+3' },
      { subject: '2:row_count', comment: 'four more came', figure: '+7' },
    ]);
    const events = await world.query(
      `SELECT detail ->> 'comment' AS comment FROM governance.backfill_events WHERE kind = 'waive' ORDER BY event_id`,
    );
    expect(events).toEqual([{ comment: 'three late merchants' }, { comment: 'four more came' }]);
  });

  it('stands once, as does its evidence, where an attempt is repeated whose reply was lost', async () => {
    await record(WAIVER);
    await record(WAIVER);
    const counts = await world.query(
      `SELECT (SELECT count(*)::int FROM governance.backfill_approvals) AS decisions, (SELECT count(*)::int FROM governance.backfill_evidence WHERE kind = 'waiver') AS evidence,
              (SELECT count(*)::int FROM governance.backfill_events WHERE kind = 'waive') AS events`,
    );
    expect(counts).toEqual([{ decisions: 1, evidence: 1, events: 1 }]);
  });
});
