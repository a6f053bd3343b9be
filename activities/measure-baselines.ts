import { needsBaseline } from '../src/domain/monitor.ts';
import type { PlannedMonitor, Reading } from '../src/domain/monitor.ts';
import { monitorCheckName } from '../src/domain/monitors-watched.ts';
import type { Check } from '../src/domain/verdict.ts';
import { newestRunEvidence } from '../src/ledger/evidence.ts';
import { baselinesOf, insertBaseline } from '../src/ledger/monitor-results.ts';
import { MONITOR_TIMEOUT_MS, lookAt } from '../src/planning/read-monitor.ts';
import type { WarehouseActivities } from '../src/protocol/activities.ts';
import { withStoppableSession } from './cancel-when-asked.ts';
import type { ActivityDeps } from './deps.ts';
import { loadPlan, withLedger } from './deps.ts';
import { publishedBefore } from './published-before.ts';
import { whileWorking } from './working.ts';

/** A consumer may be busy for a moment. */
const TRIES = 3;

/** What consumers see before readers are switched, once for the evidence that is about to be published. */
export function makeMeasureBaselines(deps: ActivityDeps): WarehouseActivities['measureBaselines'] {
  return ({ backfillId, without }) =>
    whileWorking(async (working) => {
      const { plan } = await withLedger(deps, (session) => loadPlan(session, backfillId));
      const settings = {
        applicationName: `backfill/${backfillId}/monitor`,
        statementTimeoutMs: MONITOR_TIMEOUT_MS,
        lockTimeoutMs: 2_000,
      };
      return withStoppableSession(deps, settings, working, async (session) => {
        // Readers were switched and the reply was lost: what is seen now is no baseline.
        if ((await publishedBefore(session, plan)) !== null) return { failed: null };
        const { digest } = await session.one<{ digest: string }>(newestRunEvidence(backfillId));
        const known = await session.rows<{ monitor: string }>(baselinesOf(backfillId, digest));
        const missing = plan.monitors.filter(
          ({ name, expect }) => needsBaseline(expect) && !known.some(({ monitor }) => monitor === name),
        );
        for (const monitor of missing) {
          working.at({ doing: 'baseline', monitor: monitor.name });
          let reading: Reading = { kind: 'unknown', reason: 'it was not looked at' };
          for (let attempt = 1; attempt <= TRIES && !isBaseline(reading); attempt += 1)
            ({ reading } = await lookAt(session, plan, monitor, {
              secretOf: deps.secret,
              totalsOf: () => Promise.resolve([]),
            }));
          if (isBaseline(reading)) await session.change(insertBaseline(backfillId, digest, monitor.name, reading));
          else if (!without.includes(baselineCheck(monitor, reading).name))
            return { failed: baselineCheck(monitor, reading) };
        }
        return { failed: null };
      });
    });
}

function isBaseline(reading: Reading): boolean {
  return reading.kind !== 'unknown' && !(reading.kind === 'latency' && reading.p95Ms === null);
}

function baselineCheck({ name }: PlannedMonitor, reading: Reading): Check {
  const figure =
    reading.kind === 'unknown' ? reading.reason : reading.kind === 'latency' ? (reading.firstError ?? 'it fails') : '';
  return {
    name: `${monitorCheckName(name)}:baseline`,
    level: 'monitor',
    verdict: 'fail',
    figure,
    limit: 'a figure from before the publication',
  };
}
