import type { Markup } from './markup.ts';
import { markup } from './markup.ts';
import type { Report, ReportedMonitor } from './report.ts';
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

/** What consumers were measured to see; nothing where nobody is watched or nothing was published. */
export function renderConsumers({ monitors }: Report): Markup {
  if (monitors.length === 0) return markup``;
  return markup`<h2 id="consumers">Consumers</h2>
${table('Each change of verdict since the publication', MONITORS, monitors, '')}`;
}
