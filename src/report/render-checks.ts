import type { Check, Verdict } from '../domain/verdict.ts';
import type { Waiver } from '../domain/waiver.ts';
import type { BatchCheckCounts, NoticedBatch } from '../ledger/batch-checks.ts';
import { checkInWords } from './check-words.ts';
import type { Markup } from './markup.ts';
import { markup } from './markup.ts';
import { renderAttention } from './render-attention.ts';
import type { Report } from './report.ts';
import type { Column } from './table.ts';
import { table } from './table.ts';
import { counted, formatCount, formatInstant, formatKeys } from './words.ts';

/** What was checked: the whole run, the proofs, the batches, and what was waived. */
export function renderChecks(report: Report): Markup {
  const { checks, proofs, batches, waivers } = report;
  return markup`<h2 id="checks">What was checked</h2>
<h3>The run as a whole</h3>
${table('Checks of the newest evidence of the whole run', CHECK_COLUMNS, checks, 'The run as a whole was not reconciled yet.')}
<h3>Proofs before anything was built</h3>
${table('Proofs', CHECK_COLUMNS, proofs, 'No proof is recorded yet.')}
<h3>Each batch on its own</h3>
<p>${counted(batches.total, 'batch', 'batches')}: ${formatCount(batches.passed)} passed, ${formatCount(batches.waived)} passed with a waiver, ${formatCount(batches.failed)} failed, ${formatCount(batches.planned)} not reconciled yet.</p>
${table('How often each check of a batch passed', BATCH_CHECK_COLUMNS, batches.checks, 'No batch was reconciled yet.')}
${table('Batches that failed or were waived', NOTICED_COLUMNS, batches.noticed, 'No batch failed and none was waived.')}
${renderAttention(report)}
<h3>Waivers</h3>
${table('Failing checks that an approver let pass', WAIVER_COLUMNS, waivers, 'Nothing was waived.')}`;
}

const MARKS: Readonly<Record<Verdict, { readonly sign: string; readonly style: string }>> = {
  pass: { sign: '✓ pass', style: 'good' },
  fail: { sign: '✗ FAIL', style: 'bad' },
  waived: { sign: '! waived', style: 'warn' },
  inconclusive: { sign: '? inconclusive', style: 'warn' },
  info: { sign: '· for information', style: 'soft' },
};

function verdictMark(verdict: Verdict): Markup {
  const { sign, style } = MARKS[verdict];
  return markup`<span class="${style}">${sign}</span>`;
}

const CHECK_COLUMNS: readonly Column<Check>[] = [
  { head: 'Check', cell: ({ name }) => checkInWords(name) },
  { head: 'Found', kind: 'number', cell: ({ figure }) => readable(figure) },
  { head: 'Allowed', cell: ({ limit }) => limit },
  { head: 'Verdict', kind: 'word', cell: ({ verdict }) => verdictMark(verdict) },
  { head: 'Name', kind: 'word', cell: ({ name }) => markup`<code>${name}</code>` },
];

/** A bare number gets its thousands; a sentence may wrap. */
function readable(figure: string): string | Markup {
  if (/^[+-]?\d{4,}$/.test(figure)) return `${figure.startsWith('+') ? '+' : ''}${formatCount(Number(figure))}`;
  return figure.includes(' ') ? markup`<span class="sentence">${figure}</span>` : figure;
}

const BATCH_CHECK_COLUMNS: readonly Column<BatchCheckCounts>[] = [
  { head: 'Check', cell: ({ name }) => checkInWords(name) },
  { head: 'Allowed', cell: ({ limit }) => limit },
  { head: 'Passed', kind: 'number', cell: (one) => count(one.pass, one) },
  {
    head: 'Failed',
    kind: 'number',
    cell: (one) => (one.fail === 0 ? count(0, one) : markup`<span class="bad">${formatCount(one.fail)}</span>`),
  },
  {
    head: 'Waived',
    kind: 'number',
    cell: (one) => (one.waived === 0 ? count(0, one) : markup`<span class="warn">${formatCount(one.waived)}</span>`),
  },
  { head: 'Inconclusive', kind: 'number', cell: (one) => count(one.inconclusive, one) },
  { head: 'Name', kind: 'word', cell: ({ name }) => markup`<code>${name}</code>` },
];

/** A figure that nobody judges has nothing to count. */
function count(cases: number, one: BatchCheckCounts): string {
  return one.pass + one.fail + one.waived + one.inconclusive === 0 ? '–' : formatCount(cases);
}

const NOTICED_COLUMNS: readonly Column<NoticedBatch>[] = [
  { head: 'Batch', kind: 'number', cell: ({ batch }) => formatCount(batch) },
  { head: 'Keys', kind: 'word', cell: (batch) => formatKeys(batch) },
  { head: 'State', kind: 'word', cell: ({ state }) => verdictMark(state === 'failed' ? 'fail' : 'waived') },
  {
    head: 'Because',
    cell: ({ checks }) =>
      markup`${checks.map((check) => markup`<div>${checkInWords(check.name)}: ${check.figure} (allowed: ${check.limit})</div>`)}`,
  },
];

const WAIVER_COLUMNS: readonly Column<Waiver>[] = [
  { head: 'Check', cell: ({ check }) => markup`${checkInWords(check)} <code>${check}</code>` },
  {
    head: 'Where',
    kind: 'word',
    cell: ({ batch }) => (batch === null ? 'the whole run' : `batch ${formatCount(batch)}`),
  },
  { head: 'Figure', cell: ({ figure, limit }) => `${figure} (allowed: ${limit})` },
  { head: 'By', kind: 'word', cell: ({ by }) => by },
  { head: 'Reason', cell: ({ reason }) => reason },
  { head: 'At', kind: 'word', cell: ({ at }) => formatInstant(at) },
];
