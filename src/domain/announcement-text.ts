import type { KeyRange } from './backfill-spec.ts';

/** All that an announcement may tell; what is not known is left out. */
export interface AnnouncementFacts {
  readonly kind: string;
  readonly backfillId: string;
  readonly dataset: string;
  readonly issue: string;
  readonly change: string;
  /** `2024-12-01 to 2026-05-31`. */
  readonly period: string;
  /** One line a measure: old, new, by how much. */
  readonly headlines: readonly string[];
  readonly requestedBy: string;
  readonly digest: string | null;
  readonly report: string | null;
  readonly release: string | null;
  readonly approvedBy: string | null;
  readonly deadline: string | null;
  readonly by: string | null;
  readonly because: string | null;
  readonly contact: string | null;
  readonly downstream: readonly {
    readonly dataset: string;
    readonly owner: string;
    readonly refresh: string | null;
    readonly ranges: readonly KeyRange[] | null;
  }[];
}

/** A message for a channel has so many ranges at most; the ledger has all. */
const RANGES_SHOWN = 5;

/** Title first, then one line a fact: the same for every channel. */
export function announcementLines(facts: AnnouncementFacts): readonly string[] {
  return [
    `${TITLES[facts.kind] ?? facts.kind}: ${facts.issue}, ${facts.change} (${facts.dataset})`,
    ...facts.headlines,
    `Period: ${facts.period}`,
    ...told('Release', facts.release),
    ...told('Approved by', facts.approvedBy),
    ...told('Requested by', facts.requestedBy),
    ...told('By', facts.by),
    ...told('Because', facts.because),
    ...told('Contact', facts.contact),
    ...told('Evidence', facts.digest),
    ...told('Report', facts.report),
    ...planned(facts),
    ...facts.downstream.map(describeNotice),
    ...objection(facts),
  ];
}

const TITLES: Readonly<Record<string, string>> = {
  approval_requested: 'Approval requested',
  published: 'Published',
  rolled_back: 'Rolled back',
  held: 'Held',
  sign_off_requested: 'Sign-off requested',
  overdue: 'Overdue',
  lagging: 'Behind the live pipeline',
};

function told(name: string, value: string | null): readonly string[] {
  return value === null || value === '' ? [] : [`${name}: ${value}`];
}

function planned({ kind, deadline }: AnnouncementFacts): readonly string[] {
  if (kind === 'approval_requested') return ['Publication: as soon as it is approved'];
  return kind === 'published' && deadline !== null ? [`Rollback window: until ${deadline}`] : [];
}

/** One line: what of a dataset made of this one has other inputs now. */
export function describeNotice({ dataset, owner, refresh, ranges }: AnnouncementFacts['downstream'][number]): string {
  const how = refresh === null ? '' : `; refresh: ${refresh}`;
  return `Downstream ${dataset} (${owner}): ${describeRanges(ranges)}${how}`;
}

/** Which part of a dataset has other inputs, in words. */
export function describeRanges(ranges: readonly KeyRange[] | null): string {
  if (ranges === null) return 'all of it has other inputs';
  if (ranges.length === 0) return 'no partition has other inputs';
  const shown = ranges.slice(0, RANGES_SHOWN).map(({ start, end }) => `[${start}, ${end})`);
  const more = ranges.length > RANGES_SHOWN ? ` and ${ranges.length - RANGES_SHOWN} more ranges` : '';
  return `other inputs in ${shown.join(', ')}${more}`;
}

/** The exact command, ready but for what stands in `<…>`. */
function objection({ kind, backfillId: id }: AnnouncementFacts): readonly string[] {
  switch (kind) {
    case 'approval_requested':
      return [`To object: backfill reject ${id} --by <approver> --reason "<why>"`];
    case 'published':
    case 'sign_off_requested':
    case 'lagging':
      return [`To object: backfill rollback ${id} --reason "<why>"`];
    case 'rolled_back':
      return [`To go on: backfill republish ${id}, or backfill close ${id}`];
    default:
      return [`What it waits for: backfill status ${id}`];
  }
}

/** As Slack and those that understand it take it: `text` for notifications, blocks for the channel. */
export function slackMessage(lines: readonly string[]): unknown {
  const [title = '', ...rest] = lines.map(escaped);
  return {
    text: lines.join('\n'),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: (lines[0] ?? '').slice(0, 150) } },
      { type: 'section', text: { type: 'mrkdwn', text: [title, ...rest].join('\n').slice(0, 3_000) } },
    ],
  };
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
