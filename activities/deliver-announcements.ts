import { createHash } from 'node:crypto';
import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import type { ReconciliationFigures } from '../src/domain/batch-verdict.ts';
import { announcementLines } from '../src/domain/announcement-text.ts';
import { MOST_ATTEMPTS, pauseAfter, targetKinds, targetName } from '../src/domain/delivery.ts';
import { reminderDue, waitOf } from '../src/domain/reminders.ts';
import type { DueDelivery } from '../src/ledger/deliveries.ts';
import {
  addDeliveries,
  announcementFacts,
  markDelivered,
  markUndelivered,
  takeDelivery,
  undelivered,
  waitFacts,
} from '../src/ledger/deliveries.ts';
import type { DownstreamNotice } from '../src/ledger/downstream-notices.ts';
import { noticesOf } from '../src/ledger/downstream-notices.ts';
import { insertAnnouncement } from '../src/ledger/events.ts';
import type { LightActivities } from '../src/protocol/activities.ts';
import type { Session } from '../src/warehouse/session.ts';
import { withTransaction } from '../src/warehouse/session.ts';
import { stillWaiting } from './activity-failure.ts';
import type { ActivityDeps } from './deps.ts';
import { loadPlan, withLedger } from './deps.ts';
import { headlines } from './run-evidence.ts';
import { tell } from './tell.ts';

/** How soon after it happened somebody hears of it; each look is a few index scans. */
const LOOK_EVERY_MS = 2_000;
/** One pass ends well within an activity's minute, whatever webhooks do: the rest is taken by the next. */
const PASS_MS = 20_000;

/**
 * Tells what stands in the outbox, to every target that wants to hear of it, and reminds where a wait is overdue. At least
 * once, and never again after a success is recorded. Nothing here ends or stops a run: what fails is shown.
 */
export function makeDeliverAnnouncements(deps: ActivityDeps): LightActivities['deliverAnnouncements'] {
  return ({ backfillId, known, last }) =>
    withLedger(deps, async (session) => {
      const { plan, requestedBy } = await loadPlan(session, backfillId);
      await remind(session, plan);
      const { escalation } = plan.contract;
      const told = targetKinds(plan.announce);
      const escalated = escalation === null ? [] : [{ target: targetName(escalation), kinds: ['escalated'] }];
      await session.change(addDeliveries(backfillId, [...told, ...escalated]));
      const began = Date.now();
      while (Date.now() - began < PASS_MS && (await deliverOne(session, deps, plan, requestedBy))) continue;
      const failing = (await session.rows<{ text: string }>(undelivered(backfillId))).map(({ text }) => text);
      if (last === true || JSON.stringify(failing) !== JSON.stringify(known)) return { undelivered: failing };
      throw stillWaiting('nothing is to be told', LOOK_EVERY_MS);
    });
}

/** A wait past its deadline, once at each reminder, whoever looks. */
async function remind(session: Session, plan: BackfillPlan): Promise<void> {
  const facts = await session.one<{
    status: string;
    since: string;
    now: string;
    ended: boolean;
    rollbackDeadline: string | null;
  }>(waitFacts(plan.backfillId));
  const wait = facts.ended ? null : waitOf(facts, plan.contract.deadlines);
  const number = wait === null ? null : reminderDue(wait, facts.now);
  if (wait === null || number === null) return;
  const body = {
    dataset: plan.dataset,
    status: wait.status,
    because: `${wait.what} is waited for since ${wait.since}; this is reminder ${number + 1}`,
    ...(number > 0 && plan.contract.escalation !== null
      ? { escalated: true, contact: plan.contract.escalation.contact }
      : {}),
  };
  await session.change(insertAnnouncement(plan.backfillId, 'overdue', `${wait.status} ${wait.since} ${number}`, body));
}

/** The row is held while its target is told: a worker that dies then leaves it pending, and it is told again under the same key. */
async function deliverOne(
  session: Session,
  deps: ActivityDeps,
  plan: BackfillPlan,
  requestedBy: string,
): Promise<boolean> {
  return withTransaction(session, async () => {
    const [due] = await session.rows<DueDelivery>(takeDelivery(plan.backfillId));
    if (due === undefined) return false;
    const lines = await linesOf(session, deps, plan, due, requestedBy);
    try {
      await tell(deps, due, lines, keyOf(plan.backfillId, due));
      await session.change(markDelivered(due));
    } catch (error) {
      const attempts = due.attempts + 1;
      const pauseMs = attempts >= MOST_ATTEMPTS ? null : pauseAfter(attempts);
      await session.change(markUndelivered(due, error instanceof Error ? error.message : String(error), pauseMs));
    }
    return true;
  });
}

/** The same for every attempt, and for no other announcement or target. */
function keyOf(backfillId: string, { kind, dedupe, target }: DueDelivery): string {
  return createHash('sha256')
    .update(JSON.stringify([backfillId, kind, dedupe, target]))
    .digest('hex');
}

async function linesOf(
  session: Session,
  deps: ActivityDeps,
  plan: BackfillPlan,
  { kind, body }: DueDelivery,
  requestedBy: string,
): Promise<readonly string[]> {
  const text = (name: string): string | null => (typeof body[name] === 'string' ? body[name] : null);
  const release = text('release');
  const found = await session.one<{
    approvedBy: string | null;
    deadline: string | null;
    digest: string | null;
    measures: ReconciliationFigures['measures'];
  }>(announcementFacts(plan.backfillId, release, text('digest')));
  const notices = release === null ? [] : await session.rows<DownstreamNotice>(noticesOf(release, kind));
  const { start, end } = plan.spec.sourceRange;
  return announcementLines({
    kind,
    backfillId: plan.backfillId,
    dataset: plan.dataset,
    ...plan.spec.reason,
    period: `${start} to ${end}`,
    headlines: headlines({ measures: found.measures }),
    requestedBy,
    digest: found.digest,
    report: found.digest === null ? null : `${deps.reportsFolder}/${plan.backfillId}.html`,
    release,
    approvedBy: found.approvedBy,
    deadline: found.deadline,
    by: text('by'),
    because: text('because') ?? text('reason') ?? text('what'),
    contact: text('contact'),
    downstream: notices,
  });
}
