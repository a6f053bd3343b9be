import pg from 'pg';
import { insertDecision } from '../src/ledger/approvals.ts';
import { insertEventOnce } from '../src/ledger/events.ts';
import { insertEvidence } from '../src/ledger/evidence.ts';
import type { DecisionToRecord, LightActivities } from '../src/protocol/activities.ts';
import { fingerprint } from '../src/spec/fingerprint.ts';
import { withTransaction } from '../src/warehouse/session.ts';
import type { ActivityDeps } from './deps.ts';
import { withLedger } from './deps.ts';

/** Writes a decision where the database checks it again: who may, on which evidence, with four eyes. */
export function makeRecordDecision(deps: ActivityDeps): LightActivities['recordDecision'] {
  return ({ backfillId, decision }) =>
    withLedger(deps, async (session) => {
      try {
        await withTransaction(session, async () => {
          const row = rowOf(decision);
          const isNew = (await session.change(insertDecision({ backfillId, ...row }))) > 0;
          if (isNew && decision.kind === 'waive')
            await session.change(
              insertEvidence(backfillId, 'waiver', decision.waiver.batch, decision.waiver, row.digest),
            );
          await session.change(
            insertEventOnce(backfillId, decision.kind, row.by, {
              digest: row.digest,
              subject: row.subject,
              comment: row.comment,
            }),
          );
        });
        return { kind: 'recorded' as const };
      } catch (error) {
        if (error instanceof pg.DatabaseError && error.code === '23514')
          return { kind: 'refused' as const, reason: `the ledger refuses it: ${error.message}` };
        throw error;
      }
    });
}

function rowOf(decision: DecisionToRecord): {
  decision: 'approve' | 'reject' | 'waive' | 'sign_off';
  by: string;
  digest: string;
  subject: string;
  comment: string;
} {
  switch (decision.kind) {
    case 'approve':
      return {
        decision: 'approve',
        by: decision.approval.by,
        digest: decision.approval.digest,
        subject: '',
        comment: decision.approval.comment,
      };
    case 'reject':
      return { decision: 'reject', by: decision.by, digest: decision.digest, subject: '', comment: decision.reason };
    case 'waive':
      return {
        decision: 'waive',
        by: decision.waiver.by,
        // Of the waiver as it stands in the evidence: another figure, reason or instant is another waiver.
        digest: fingerprint(decision.waiver),
        subject: `${decision.waiver.batch ?? 'run'}:${decision.waiver.check}`,
        comment: decision.waiver.reason,
      };
    case 'signOff':
      return { decision: 'sign_off', by: decision.party, digest: '', subject: decision.releaseId, comment: '' };
  }
}
