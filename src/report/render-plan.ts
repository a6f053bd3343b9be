import { formatBytes } from '../domain/bytes.ts';
import type { Estimate } from '../domain/estimate.ts';
import { costAtPlanPrices, formatMoney } from '../domain/price.ts';
import type { Markup } from './markup.ts';
import { markup } from './markup.ts';
import type { Report } from './report.ts';
import type { Column } from './table.ts';
import { facts, table } from './table.ts';
import { formatCount, formatDuration, formatKeys, listed } from './words.ts';

/** Estimate against actual, then the plan as it was frozen. */
export function renderPlan(report: Report): Markup {
  return markup`${renderWork(report)}
${renderFrozen(report)}`;
}

interface Line {
  readonly name: string;
  readonly estimate: string;
  readonly actual: string;
}

function renderWork({ work: { estimate, actual, rowsWritten } }: Report): Markup {
  const { low, high } = estimate.runtimeMs;
  const bytes = actual.buildBytes + actual.checkBytes + actual.otherBytes;
  const lines: readonly Line[] = [
    { name: 'Rows after the correction', estimate: formatCount(estimate.rowsOut), actual: formatCount(rowsWritten) },
    {
      name: 'Bytes read by building',
      estimate: formatBytes(estimate.bytesScanned),
      actual: `${formatBytes(actual.buildBytes)}${offBy(estimate.bytesScanned, actual.buildBytes)}`,
    },
    {
      name: 'Bytes read by checks',
      estimate: formatBytes(estimate.checkBytes),
      actual: `${formatBytes(actual.checkBytes)}${offBy(estimate.checkBytes, actual.checkBytes)}`,
    },
    { name: 'Bytes read to follow live writes', estimate: '–', actual: formatBytes(actual.otherBytes) },
    { name: 'Of all these, found in the cache', estimate: '–', actual: formatBytes(actual.cachedBytes) },
    {
      name: 'Time from first to last build, waits included',
      estimate: `${formatDuration(low)} to ${formatDuration(high)}`,
      actual: actual.buildingMs === null ? '–' : formatDuration(actual.buildingMs),
    },
    {
      name: 'Time worked, all lanes added up',
      estimate: formatDuration(estimate.busyMs),
      actual: formatDuration(actual.busyMs),
    },
    {
      name: 'Cost, at the prices of the plan',
      estimate: estimatedCost(estimate),
      actual: costAtPlanPrices(estimate, { bytes, busyMs: actual.busyMs }) ?? 'not priced',
    },
  ];
  return markup`<h2 id="work">Time and cost</h2>
${table(
  'Estimate of the plan against what was used',
  [
    { head: 'What', cell: ({ name }) => name },
    { head: 'Estimated', kind: 'number', cell: (line) => line.estimate },
    { head: 'Used', kind: 'number', cell: (line) => line.actual },
  ],
  lines,
  '',
)}`;
}

function estimatedCost({ cost }: Estimate): string {
  if (cost === null) return 'not priced';
  return `${formatMoney(cost.low, cost.currency)} to ${formatMoney(cost.high, cost.currency)}`;
}

/** ` (+3.1%)`: how far the actual figure is from the estimated one. */
function offBy(estimated: number, actual: number): string {
  if (estimated === 0 || actual === 0) return '';
  const percent = (actual / estimated - 1) * 100;
  return ` (${percent >= 0 ? '+' : ''}${percent.toFixed(1)}%)`;
}

function renderFrozen({ plan, requestedBy, dataset, publishedView }: Report): Markup {
  return markup`<h2 id="plan">The plan</h2>
${facts([
  ['Requested by', requestedBy],
  ['Owner', plan.owner],
  ['Approvers', listed(plan.approvers)],
  ['Sign-off', plan.signOff.length === 0 ? 'nobody' : listed(plan.signOff)],
  ['Base table', markup`<code>${dataset}</code>`],
  ['Published view', markup`<code>${publishedView}</code>`],
  ['Snapshot of the previous rows', markup`<code>${plan.snapshot}</code>`],
  ['Corrected rows', markup`<code>${plan.shadow}</code>`],
  ['Interval', plan.keyRanges.map(formatKeys).join('; ')],
  ['Size', `${formatCount(plan.partitions)} partitions (${plan.grain}) in ${formatCount(plan.batches)} batches`],
  [
    'Code version',
    markup`<code>${plan.codeVersion}</code>${plan.contractsDirty ? markup` <span class="warn">with uncommitted changes</span>` : ''}`,
  ],
  ...addedColumns(plan.addedColumns),
  ['Contract', markup`<code>sha256 ${plan.contractSha256}</code>`],
  ['Plan', markup`<code>sha256 ${plan.planHash}</code>`],
])}
${plan.warnings.length === 0 ? markup`<p class="soft">The plan carried no warning.</p>` : markup`<h3>Warnings of the plan</h3><ul>${plan.warnings.map((warning) => markup`<li>${warning}</li>`)}</ul>`}
<h3>Transforms</h3>
${table(
  'The corrected logic, by the first key it is valid for',
  [
    { head: 'From', kind: 'word', cell: ({ from }) => from },
    { head: 'File', cell: ({ file }) => markup`<code>${file}</code>` },
    { head: 'sha256', cell: ({ sha256 }) => markup`<code>${sha256}</code>` },
  ],
  plan.transforms,
  '',
)}
<h3>The spec</h3>
${table('Fields set from outside the document', OVERRIDE_COLUMNS, plan.overrides, 'No field was overridden.')}
${table('Fields that were left out, and the default each got', FIELD_COLUMNS, plan.defaults, 'No default was used.')}
${table('The whole spec as it was understood; times in milliseconds, sizes in bytes', FIELD_COLUMNS, fields(plan.spec), '')}`;
}

/** What the old version of history has none of: said where somebody decides on the new one. */
function addedColumns(columns: Report['plan']['addedColumns']): (readonly [string, string])[] {
  const words = columns.map(({ name, filledBy, value }) => {
    if (filledBy === 'transform') return `${name} (yielded by the transform)`;
    return filledBy === 'server' ? `${name} (computed by the server)` : `${name} (${value ?? ''} in every row)`;
  });
  return words.length === 0 ? [] : [['Columns added meanwhile', words.join('; ')]];
}

interface Field {
  readonly path: string;
  readonly value: string;
}

const FIELD_COLUMNS: readonly Column<Field>[] = [
  { head: 'Field', cell: ({ path }) => markup`<code>${path}</code>` },
  { head: 'Value', cell: ({ value }) => value },
];

const OVERRIDE_COLUMNS: readonly Column<Report['plan']['overrides'][number]>[] = [
  ...FIELD_COLUMNS,
  { head: 'The document said', cell: ({ was }) => was ?? 'nothing' },
];

/** Every leaf of a document as `path` and value; lists stay whole. */
function fields(value: unknown, path = ''): Field[] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return Object.entries(value).flatMap(([name, inner]) => fields(inner, path === '' ? name : `${path}.${name}`));
  if (value === null || (Array.isArray(value) && value.length === 0)) return [{ path, value: 'none' }];
  return [{ path, value: typeof value === 'string' ? value : JSON.stringify(value) }];
}
