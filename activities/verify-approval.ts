import { createPublicKey, verify } from 'node:crypto';
import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import type { Approval } from '../src/domain/backfill-state.ts';
import { isIdentified, samePerson } from '../src/domain/people.ts';
import { approvalText } from '../src/domain/signed-approval.ts';
import { approvalsInForce } from '../src/ledger/approvals.ts';
import type { Session } from '../src/warehouse/session.ts';

type Given = Pick<Approval, 'by' | 'identified' | 'digest'> & { readonly signature?: string | null };

/** Why an approval is not what it says it is, by the keys of the frozen contract; null where it is. */
export function whyNotSigned({ backfillId, contract }: BackfillPlan, approval: Given): string | null {
  const { by, identified, digest, signature = null } = approval;
  if (identified !== 'signed') return null;
  const listed = Object.entries(contract.approval.keys).find(([person]) => samePerson(person, by));
  if (listed === undefined)
    return `the contract lists no key of ${by} under approval.keys, so the signature shows nothing`;
  if (signature === null) return `the approval of ${by} says that it is signed and has no signature`;
  const key = createPublicKey({ key: Buffer.from(listed[1], 'base64'), format: 'der', type: 'spki' });
  const text = Buffer.from(approvalText({ backfillId, digest, by }));
  return verify(null, text, key, Buffer.from(signature, 'base64'))
    ? null
    : `the signature is not made by the key of ${by} over evidence ${digest.slice(0, 12)} of ${backfillId}`;
}

/** Before the switch, whatever put the approvals into the ledger; null where every one of them holds. */
export async function whyUnapproved(session: Session, plan: BackfillPlan): Promise<string | null> {
  const { identification } = plan.contract.approval;
  for (const approval of await session.rows<Given>(approvalsInForce(plan.backfillId))) {
    if (!isIdentified(approval.identified, identification))
      return `the approval of ${approval.by} is ${approval.identified}; the contract asks for ${identification}`;
    const reason = whyNotSigned(plan, approval);
    if (reason !== null) return reason;
  }
  return null;
}
