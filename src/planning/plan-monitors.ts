import type { BackfillSpec } from '../domain/backfill-spec.ts';
import type { PlannedSql } from '../domain/backfill-plan.ts';
import type { Consumer, LoadedContract } from '../domain/dataset-contract.ts';
import type { MonitorSource, PlannedMonitor } from '../domain/monitor.ts';
import { needsPublished } from '../domain/monitor.ts';

/** The monitors of the contract's consumers, frozen with their SQL; none where the spec leaves them out. */
export function plannedMonitors(
  { rollback }: Pick<BackfillSpec, 'rollback'>,
  { contract }: LoadedContract,
  planned: (file: string) => PlannedSql,
): readonly PlannedMonitor[] {
  if (!rollback.monitors) return [];
  return Object.entries(contract.consumers).flatMap(([name, consumer]): readonly PlannedMonitor[] => {
    const { owner, expect, probe, everyMs, afterMs, failures, onBreach } = consumer;
    if (probe === null || expect === null) return [];
    const measure = needsPublished(expect) ? (consumer.measure ?? Object.keys(contract.measures)[0] ?? null) : null;
    const source = sourceOf(probe, planned);
    return [{ name, owner, source, expect, measure, everyMs, afterMs, failures, onBreach }];
  });
}

function sourceOf(probe: NonNullable<Consumer['probe']>, planned: (file: string) => PlannedSql): MonitorSource {
  switch (probe.kind) {
    case 'sql':
      return { kind: 'sql', ...planned(probe.sql) };
    case 'canary':
      return { kind: 'canary', role: probe.role, runs: probe.runs, ...planned(probe.sql) };
    case 'http':
      return probe;
  }
}

/** What the plan says about watching the release. */
export function monitorWarnings(
  { rollback }: Pick<BackfillSpec, 'rollback'>,
  { contract }: LoadedContract,
  monitors: readonly PlannedMonitor[],
): readonly string[] {
  const consumers = Object.entries(contract.consumers);
  const unwatched = consumers.filter(([, { probe }]) => probe === null).map(([name]) => name);
  const leftOut = consumers.length - unwatched.length - monitors.length;
  const late = monitors.filter(({ afterMs }) => afterMs >= rollback.windowMs).map(({ name }) => name);
  const rollbacks = monitors.filter(({ onBreach }) => onBreach === 'rollback').map(({ name }) => name);
  return [
    ...(leftOut > 0
      ? [`rollback.monitors is false: ${leftOut} monitors of the contract do not watch the release`]
      : []),
    ...(unwatched.length > 0
      ? [`consumers without a monitor: ${unwatched.join(', ')}; ask them before signing off`]
      : []),
    ...(late.length > 0
      ? [`the rollback window ends before ${late.join(', ')} had a refresh: it stays open until each was measured`]
      : []),
    ...(rollbacks.length > 0 && !rollback.autoRollback
      ? [`rollback.auto_rollback is false: a breach of ${rollbacks.join(', ')} holds the run instead of rolling back`]
      : []),
  ];
}
