import pg from 'pg';
import { insertDecision } from '../src/ledger/approvals.ts';
import { insertEventOnce } from '../src/ledger/events.ts';
import { insertEvidence } from '../src/ledger/evidence.ts';
import type { DecisionToRecord, LightActivities } from '../src/protocol/activities.ts';
import { fingerprint } from '../src/spec/fingerprint.ts';
import type { Session } from '../src/warehouse/session.ts';
import { withTransaction } from '../src/warehouse/session.ts';
import type { ActivityDeps } from './deps.ts';
import { loadPlan, withLedger } from './deps.ts';
import { whyNotSigned } from './verify-approval.ts';

/** Writes a decision where the database checks it again: who may, on which evidence, with four eyes. */
export function makeRecordDecision(deps: ActivityDeps): LightActivities['recordDecision'] {
  return ({ backfillId, decision }) =>
    withLedger(deps, async (session) => {
      const reason = await whyNotGenuine(session, backfillId, decision);
      if (reason !== null) return { kind: 'refused' as const, reason };
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

/** The database takes the word of whoever writes for how somebody was identified: a signature is checked before. */
async function whyNotGenuine(session: Session, backfillId: string, decision: DecisionToRecord): Promise<string | null> {
  if (decision.kind !== 'approve' || decision.approval.identified !== 'signed') return null;
  const { plan } = await loadPlan(session, backfillId);
  const reason = whyNotSigned(plan, decision.approval);
  return reason === null ? null : `approve: ${reason}`;
}

function rowOf(decision: DecisionToRecord): Omit<Parameters<typeof insertDecision>[0], 'backfillId'> {
  switch (decision.kind) {
    case 'approve':
      return {
        decision: 'approve',
        by: decision.approval.by,
        digest: decision.approval.digest,
        subject: '',
        comment: decision.approval.comment,
        identified: decision.approval.identified,
        ...(decision.approval.signature === undefined ? {} : { signature: decision.approval.signature }),
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
