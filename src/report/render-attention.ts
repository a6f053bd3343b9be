import type { PartitionOfNote } from '../ledger/partitions-of-note.ts';
import type { Markup } from './markup.ts';
import { markup } from './markup.ts';
import type { Report } from './report.ts';
import type { Column } from './table.ts';
import { table } from './table.ts';
import { formatCount } from './words.ts';

/** Partitions that were not simply built once and found right. */
export function renderAttention({ partitionsOfNote: { listed, most } }: Report): Markup {
  return markup`<h3 id="attention">Partitions that needed attention</h3>
${table(
  listed.length < most
    ? 'Built more than once, ended by a timeout or a closed gate, or passed by a waiver'
    : `The first ${formatCount(most)} that were built more than once, ended by a timeout or a closed gate, or passed by a waiver`,
  COLUMNS,
  listed,
  'None: each was built once, without a timeout or a closed gate, and passed without a waiver.',
)}`;
}

const COLUMNS: readonly Column<PartitionOfNote>[] = [
  { head: 'Partition', kind: 'word', cell: ({ partition }) => partition },
  { head: 'Batch', kind: 'number', cell: ({ batch }) => formatCount(batch) },
  { head: 'Built', kind: 'number', cell: ({ builds }) => formatCount(builds) },
  { head: 'Ran out of time', kind: 'number', cell: ({ timeouts }) => formatCount(timeouts) },
  { head: 'Cancelled by the gate', kind: 'number', cell: ({ gateCancels }) => formatCount(gateCancels) },
  { head: 'Waived', kind: 'word', cell: ({ waived }) => (waived ? markup`<span class="warn">! waived</span>` : '–') },
];
