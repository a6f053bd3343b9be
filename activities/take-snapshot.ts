import type { Artifact } from '../src/ledger/artifacts.ts';
import { artifactsOf, confirmArtifact, recordArtifact } from '../src/ledger/artifacts.ts';
import { insertEventOnce } from '../src/ledger/events.ts';
import { fingerprintSnapshot } from '../src/ledger/partitions.ts';
import type { WarehouseActivities } from '../src/protocol/activities.ts';
import { createSnapshot, indexKeyed } from '../src/warehouse/postgres/statements/create-tables.ts';
import { withTransaction } from '../src/warehouse/session.ts';
import { qualified, sql } from '../src/warehouse/sql.ts';
import { withStoppableSession } from './cancel-when-asked.ts';
import type { ActivityDeps } from './deps.ts';
import { loadPlan, withLedger } from './deps.ts';
import { refuseDrift } from './refuse-drift.ts';
import { refuseForeign } from './refuse-foreign.ts';
import { whileWorking } from './working.ts';

/** A real copy of the interval as consumers trusted it, fingerprinted by partition. One statement: one moment. */
export function makeTakeSnapshot(deps: ActivityDeps): WarehouseActivities['takeSnapshot'] {
  return ({ backfillId }) =>
    whileWorking(async (working) => {
      const { plan } = await withLedger(deps, (session) => loadPlan(session, backfillId));
      const settings = {
        applicationName: `backfill/${backfillId}/snapshot`,
        statementTimeoutMs: plan.spec.execution.queryTimeoutMs,
        lockTimeoutMs: 2_000,
      };
      return withStoppableSession(deps, settings, working, async (session) => {
        const known = (await session.rows<Artifact>(artifactsOf(backfillId))).find((one) => one.kind === 'snapshot');
        await refuseDrift(session, plan);
        await refuseForeign(session, plan.snapshot, known);
        await session.change(recordArtifact(backfillId, 'snapshot', qualified(plan.snapshot)));
        const rows = await withTransaction(session, async () => {
          if (known?.present == null) {
            for (const statement of createSnapshot(plan)) await session.change(statement);
            for (const statement of indexKeyed(plan, plan.snapshot)) await session.change(statement);
            await session.change(fingerprintSnapshot(plan));
            await session.change(confirmArtifact(backfillId, 'snapshot', qualified(plan.snapshot)));
          }
          const { count } = await session.one<{ count: number }>(
            sql(`SELECT count(*)::float8 AS count FROM ${qualified(plan.snapshot)}`),
          );
          await session.change(
            insertEventOnce(backfillId, 'snapshot taken', 'worker', { table: qualified(plan.snapshot), rows: count }),
          );
          return count;
        });
        await session.change(sql(`ANALYZE ${qualified(plan.snapshot)}`));
        return { rows };
      });
    });
}
