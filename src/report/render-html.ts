import type { Markup } from './markup.ts';
import { markup, NOTHING } from './markup.ts';
import { renderChanges } from './render-changes.ts';
import { renderChecks } from './render-checks.ts';
import { hasConsumers, renderConsumers } from './render-consumers.ts';
import { renderClosedPeriods } from './render-closed-periods.ts';
import { renderDecision } from './render-decision.ts';
import { renderLiveWrites } from './render-live-writes.ts';
import { renderLogic } from './render-logic.ts';
import { renderPlan } from './render-plan.ts';
import { renderReasons } from './render-reasons.ts';
import type { Report } from './report.ts';
import { STYLE } from './style.ts';
import { facts } from './table.ts';
import { counted, formatInstant } from './words.ts';

const SECTIONS = [
  ['changes', 'What changes'],
  ['reasons', 'Why it changes'],
  ['checks', 'What was checked'],
  ['live-writes', 'Live writes'],
  ['consumers', 'Consumers'],
  ['approve', 'Approving'],
  ['rollback', 'Undoing it'],
  ['decisions', 'Decisions and releases'],
  ['work', 'Time and cost'],
  ['plan', 'The plan'],
] as const;

/** One self-contained page: no script, no network, every text escaped, for screen and paper, light and dark. */
export function renderHtml(report: Report): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<title>${report.reason.issue}: ${report.reason.change} – ${report.dataset}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${header(report)}
${renderChanges(report)}
${renderClosedPeriods(report)}
${renderReasons(report)}
${renderChecks(report)}
${renderLogic(report)}
${renderLiveWrites(report)}
${renderConsumers(report)}
${renderDecision(report)}
${renderPlan(report)}
<footer><p>Written at ${formatInstant(report.generatedAt)} from the ledger of the warehouse. The same as data stands beside this page, with the ending .json.</p></footer>
</main>
</body>
</html>
`.html;
}

function header(report: Report): Markup {
  const { reason, dataset, backfillId, status, evidence, summary, workflowId } = report;
  return markup`<header>
<h1>${reason.change}</h1>
<p class="soft">${reason.issue} · correction of the history of <code>${dataset}</code></p>
${renderTampering(evidence)}${summary.map((paragraph) => markup`<p class="lead">${paragraph}</p>\n`)}
${facts([
  ['Backfill', backfillId],
  ['Status when written', status],
  ['Workflow', markup`<code>${workflowId}</code>`],
  ['Evidence digest', evidence === null ? 'none yet' : markup`<code>${evidence.digest}</code> ${digestMark(evidence)}`],
])}
<nav aria-label="Sections"><ul>${SECTIONS.filter(([id]) => id !== 'consumers' || hasConsumers(report)).map(([id, title]) => markup`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
</header>`;
}

type Evidence = NonNullable<Report['evidence']>;

function digestMark({ verification }: Evidence): Markup {
  return verification.verified
    ? markup`<span class="good">✓ verified: ${counted(verification.pieces, 'piece')} of evidence digested anew</span>`
    : markup`<span class="bad">✗ NOT verified</span>`;
}

/** Before anything else: whoever decides must know that what is shown is not what was recorded. */
function renderTampering(evidence: Report['evidence']): Markup {
  if (evidence === null || evidence.verification.verified) return NOTHING;
  return markup`<div class="decide" role="alert"><p class="bad">The evidence in the ledger is not what was recorded. Decide nothing on this page; find out who changed it.</p>
<ul>${evidence.verification.findings.map((finding) => markup`<li>${finding}</li>`)}</ul></div>
`;
}
