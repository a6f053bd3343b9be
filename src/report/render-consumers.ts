import { describeRanges } from '../domain/announcement-text.ts';
import type { Markup } from './markup.ts';
import { markup, NOTHING } from './markup.ts';
import type { Report, ReportedMonitor, ReportedNotice } from './report.ts';
import type { Column } from './table.ts';
import { table } from './table.ts';
import { formatInstant } from './words.ts';

const MONITORS: readonly Column<ReportedMonitor>[] = [
  { head: 'Consumer', cell: ({ monitor }) => monitor },
  { head: 'Verdict', cell: ({ verdict }) => verdict },
  { head: 'Found', cell: ({ figure }) => figure },
  { head: 'Expected', cell: ({ limit }) => limit },
  { head: 'At', cell: ({ at }) => formatInstant(at) },
  { head: 'Release', cell: ({ releaseId }) => releaseId },
];

const NOTICES: readonly Column<ReportedNotice>[] = [
  { head: 'Dataset', cell: ({ dataset }) => dataset },
  { head: 'Owner', cell: ({ owner }) => owner },
  { head: 'Because', cell: ({ releaseId, event }) => `${releaseId} ${event.replace('_', ' ')}` },
  { head: 'Has other inputs', cell: ({ ranges }) => describeRanges(ranges) },
  { head: 'Refresh', cell: ({ refresh }) => refresh ?? 'none' },
];

/** What consumers were measured to see, and what datasets made of this one were told; nothing where there are none. */
export function renderConsumers(report: Report): Markup {
  if (!hasConsumers(report)) return NOTHING;
  const { monitors, downstream } = report;
  return markup`<h2 id="consumers">Consumers</h2>
${table('Each change of verdict since the publication', MONITORS, monitors, 'No consumer was measured.')}
${table('Datasets made of this one', NOTICES, downstream, 'No dataset made of this one is known.')}`;
}

export function hasConsumers({ monitors, downstream }: Report): boolean {
  return monitors.length + downstream.length > 0;
}
