import type { Artifact } from '../src/ledger/artifacts.ts';
import type { BackfillPlan } from '../src/domain/backfill-plan.ts';
import { artifactsOf, confirmArtifact, recordArtifact } from '../src/ledger/artifacts.ts';
import { recordRowSecurity } from '../src/ledger/row-security.ts';
import { forgetBuilds } from '../src/ledger/partitions.ts';
import { insertEventOnce } from '../src/ledger/events.ts';
import type { WarehouseActivities } from '../src/protocol/activities.ts';
import { createShadow, indexKeyed } from '../src/warehouse/postgres/statements/create-tables.ts';
import { guardOverlay, policiesOn, standInName } from '../src/warehouse/postgres/row-policies.ts';
import type { Session } from '../src/warehouse/session.ts';
import { withTransaction } from '../src/warehouse/session.ts';
import { qualified, sql } from '../src/warehouse/sql.ts';
import type { ActivityDeps } from './deps.ts';
import { loadPlan, withLedger } from './deps.ts';
import { refuseDrift } from './refuse-drift.ts';
import { refuseForeign } from './refuse-foreign.ts';

export function makeCreateShadow(deps: ActivityDeps): WarehouseActivities['createShadow'] {
  return ({ backfillId }) =>
    withLedger(deps, async (session) => {
      const { plan } = await loadPlan(session, backfillId);
      await refuseDrift(session, plan);
      const known = (await session.rows<Artifact>(artifactsOf(backfillId))).find((one) => one.kind === 'shadow');
      await refuseForeign(session, plan.shadow, known);
      if (known?.present != null) return;
      await session.change(recordArtifact(backfillId, 'shadow', qualified(plan.shadow)));
      await withTransaction(session, async () => {
        for (const statement of forgetBuilds(backfillId)) await session.change(statement);
        for (const statement of createShadow(plan)) await session.change(statement);
        for (const statement of indexKeyed(plan, plan.shadow)) await session.change(statement);
        await guard(session, plan);
        await session.change(confirmArtifact(backfillId, 'shadow', qualified(plan.shadow)));
        await session.change(
          insertEventOnce(backfillId, 'shadow created', 'worker', { table: qualified(plan.shadow) }),
        );
      });
    });
}

/** From its first moment on: whoever may read every table of the database would see every row of this one. */
async function guard(session: Session, plan: BackfillPlan): Promise<void> {
  if (plan.rowSecurity.enabled) {
    const base = { ...plan, name: plan.table };
    const policies = await policiesOn(session, base, plan.shadow.name);
    await session.change(sql(`DROP TABLE ${standInName(plan.shadow.name)}`));
    for (const statement of guardOverlay(base, plan.shadow, policies)) await session.change(statement);
  }
  await session.change(recordRowSecurity(plan));
}
