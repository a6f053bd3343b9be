import { formatPercent, percentChange } from '../../domain/batch-verdict.ts';
import type { ComparedPartition } from '../../domain/comparison.ts';
import type { Rehearsal } from '../../domain/rehearsal.ts';
import type { Check, Verdict } from '../../domain/verdict.ts';
import { checkInWords } from '../../report/check-words.ts';
import { counted, formatCount, formatDuration } from '../../report/words.ts';
import { blocks, table } from './layout.ts';
import { renderEffects, renderSeam } from './logic.ts';
import type { Paint } from './paint.ts';

/** What the rehearsal found: each sample's change, the largest changes of rows, and every check with its figure and limit. */
export function renderRehearsal(rehearsal: Rehearsal, paint: Paint): string {
  const { partitions, topRows, checks, durationMs } = rehearsal;
  const took = durationMs < 1000 ? `${Math.round(durationMs)} ms` : formatDuration(durationMs);
  const measures = Object.keys(partitions[0]?.measures ?? {});
  return blocks(
    `${paint.bold('Rehearsal')} (${counted(partitions.length, 'sample partition')} built in temporary tables and compared with what is published, ${took})\n${deltas(partitions, measures)}`,
    topRows.length === 0 ? null : `  Largest changes of ${measures[0] ?? ''}\n${changes(topRows)}`,
    `  Checks\n${checks.map((check) => checkLine(check, paint)).join('\n')}`,
    renderEffects(rehearsal.reproduction),
    renderSeam(rehearsal.seamRows),
  );
}

function deltas(partitions: readonly ComparedPartition[], measures: readonly string[]): string {
  const head = ['  partition', 'rows', ...measures.flatMap((measure) => [measure, 'change'])];
  const rows = partitions.map(({ partition, rowsOld, rowsNew, measures: totals }) => [
    `  ${partition}`,
    rowsOld === rowsNew ? formatCount(rowsNew) : `${formatCount(rowsOld)} → ${formatCount(rowsNew)}`,
    ...measures.flatMap((measure) => {
      const total = totals[measure] ?? { old: '0', new: '0' };
      return [total.old === total.new ? total.new : `${total.old} → ${total.new}`, formatPercent(percentChange(total))];
    }),
  ]);
  return table(head, rows);
}

function changes(rows: Rehearsal['topRows']): string {
  const lines = rows.map((row) => [
    `  ${Object.values(row.key).join(' / ')}`,
    `${row.old ?? '–'} → ${row.new ?? '–'}`,
    row.explanation ?? (row.class === 'changed' ? 'no named reason' : row.class),
  ]);
  return table([`  ${Object.keys(rows[0]?.key ?? {}).join(' / ')}`, 'old → new', 'because'], lines);
}

const SIGNS: Readonly<Record<Verdict, string>> = {
  pass: '✓',
  fail: '✗',
  waived: '!',
  inconclusive: '?',
  info: '·',
};

function checkLine({ name, verdict, figure, limit }: Check, paint: Paint): string {
  const allowed = verdict === 'info' ? '' : ` (allowed: ${limit})`;
  const line = `  ${SIGNS[verdict]} ${checkInWords(name)}: ${figure}${allowed}`;
  return verdict === 'fail' ? paint.bad(line) : verdict === 'inconclusive' ? paint.waiting(line) : line;
}
