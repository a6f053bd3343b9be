import pg from 'pg';
import type { PlannedMonitor } from '../domain/monitor.ts';
import { needsPublished } from '../domain/monitor.ts';
import { describeQuery } from '../warehouse/postgres/catalogue.ts';
import type { Session } from '../warehouse/session.ts';
import { withRollback } from '../warehouse/session.ts';
import { ident, qualified, sql } from '../warehouse/sql.ts';
import type { SecretOf } from './fetch-json.ts';
import type { MonitoredPlan } from './read-monitor.ts';
import { lookAt, monitorSql } from './read-monitor.ts';

/** A monitor that cannot be measured now would keep the release from ever being signed off: each is prepared and run once. */
export async function monitorReasons(
  session: Session,
  plan: MonitoredPlan,
  monitors: readonly PlannedMonitor[],
  secretOf: SecretOf,
): Promise<readonly string[]> {
  const reasons: string[] = [];
  for (const monitor of monitors) {
    const found = await withRollback(session, () => preparedReasons(session, plan, monitor));
    reasons.push(...(found.length > 0 ? found : await measuredReasons(session, plan, monitor, secretOf)));
  }
  return reasons;
}

async function measuredReasons(
  session: Session,
  plan: MonitoredPlan,
  monitor: PlannedMonitor,
  secretOf: SecretOf,
): Promise<readonly string[]> {
  const { reading } = await lookAt(session, plan, monitor, { secretOf, totalsOf: () => Promise.resolve([]) });
  if (reading.kind === 'unknown') return [`${named(monitor)} cannot be measured: ${reading.reason}`];
  return reading.kind === 'latency' && reading.errors > 0
    ? [`${named(monitor)} fails before anything was changed: ${reading.firstError ?? 'unknown'}`]
    : [];
}

async function preparedReasons(session: Session, plan: MonitoredPlan, monitor: PlannedMonitor): Promise<string[]> {
  const { source } = monitor;
  if (source.kind === 'http') return [];
  if (source.kind === 'canary') {
    const missing = await roleReasons(session, monitor, source.role);
    if (missing.length > 0) return missing;
  }
  const { text, used } = monitorSql(plan, source.text);
  const hasGaps = plan.keyRanges.length > 1 && used.includes('range_start') && !used.includes('interval');
  if (needsPublished(monitor.expect) && hasGaps)
    return [
      `${named(monitor)}: the interval has gaps, and what lies between :range_start and :range_end is more than it; add to its WHERE: the partition key <@ :interval`,
    ];
  try {
    const { columns, reads } = await describeQuery(session, text);
    const privileges = source.kind === 'canary' ? [] : await readReasons(session, reads.map(qualified));
    return [...shapeReasons(monitor, columns), ...privileges.map((reason) => `${named(monitor)}: ${reason}`)];
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    return [`${named(monitor)}: the server refuses it: ${error.message}`];
  }
}

async function roleReasons(session: Session, monitor: PlannedMonitor, role: string): Promise<string[]> {
  const { worker, known, member, version } = await session.one<{
    worker: string;
    known: boolean;
    member: boolean;
    version: number;
  }>(
    sql(
      `SELECT current_user AS worker, r.oid IS NOT NULL AS known, current_setting('server_version_num')::int AS version,
              coalesce(pg_has_role(current_user, r.oid, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END), false) AS member
         FROM (VALUES ($1)) wanted(name) LEFT JOIN pg_roles r ON r.rolname = wanted.name`,
      role,
    ),
  );
  if (!known) return [`${named(monitor)}: role ${role}, as which it runs, does not exist`];
  if (member) return [];
  const options = version >= 160_000 ? ' WITH INHERIT FALSE, SET TRUE' : '';
  return [
    `${named(monitor)}: ${worker} may not become ${role}, as which it runs: GRANT ${ident(role)} TO ${ident(worker)}${options}`,
  ];
}

async function readReasons(session: Session, reads: readonly string[]): Promise<string[]> {
  const missing = await session.rows<{ name: string; worker: string }>(
    sql(
      `SELECT name, current_user AS worker FROM unnest($1::text[]) name WHERE NOT has_table_privilege(name::regclass, 'SELECT')`,
      reads,
    ),
  );
  return missing.map(
    ({ name, worker }) => `${worker} may not read ${name}: GRANT SELECT ON ${name} TO ${ident(worker)}`,
  );
}

const NUMBERS = /^(smallint|integer|bigint|real|double precision|numeric(\(.*\))?)$/;
const INSTANTS = /^(date|timestamp.*)$/;

function shapeReasons(monitor: PlannedMonitor, columns: readonly { name: string; type: string }[]): string[] {
  if (monitor.source.kind === 'canary') return [];
  const isHistogram = monitor.expect.kind === 'psi_below';
  const shape = columns.map(({ name, type }) => `${name} ${type}`).join(', ');
  const names = columns.map(({ name }) => name).join(', ');
  const type = (name: string): string => columns.find((column) => column.name === name)?.type ?? '';
  const fits = isHistogram
    ? names === 'bucket, share' && NUMBERS.test(type('share'))
    : ['value', 'value, measured_at'].includes(names) &&
      NUMBERS.test(type('value')) &&
      (names === 'value' || INSTANTS.test(type('measured_at')));
  if (fits) return [];
  const wanted = isHistogram
    ? 'bucket and share, a number'
    : 'value, a number, and measured_at, an instant, or value alone';
  return [`${named(monitor)}: it must yield ${wanted}; it yields ${shape}`];
}

function named({ name, source }: PlannedMonitor): string {
  const place = source.kind === 'http' ? source.url.replace(/[?#].*$/, '') : source.file;
  return `the ${source.kind === 'canary' ? 'canary' : 'monitor'} of consumer ${name} (${place})`;
}
