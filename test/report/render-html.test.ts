import { describe, expect, it } from 'vitest';
import { renderHtml } from '../../src/report/render-html.ts';
import type { Report } from '../../src/report/report.ts';
import { DIGEST, sampleReport } from './sample-report.ts';
import { EXPECTS_NOTHING } from '../support/expectations.ts';

const ATTACK = `<script>alert("1" + '2')</script>&`;

/** Texts that are names of ours or numbers, and choose words or are computed with. */
const CHOSEN =
  /\.(version|verdict|level|state|class|decision|seriesFrom|old|new|delta|percent|month|start|end|moved\.\w+)$/;

/** The report with an attack appended to each text in turn that somebody else could have written. */
function* attacked(
  value: unknown,
  path = '',
  rebuild: (inner: unknown) => unknown = (inner) => inner,
): Generator<{ path: string; report: Report }> {
  if (typeof value === 'string' && !CHOSEN.test(path)) yield { path, report: rebuild(value + ATTACK) as Report };
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const put = (changed: unknown): unknown =>
      rebuild(
        Array.isArray(value)
          ? value.map((one: unknown, index) => (String(index) === key ? changed : one))
          : { ...value, [key]: changed },
      );
    yield* attacked(inner, `${path}.${key}`, put);
  }
}

describe('the report page', () => {
  const page = renderHtml(sampleReport());
  const headings = [...page.matchAll(/<h([1-6])[^>]*>(.*?)<\/h\1>/gs)].map(([, level, text]) => ({
    level: Number(level),
    text,
  }));

  it('escapes every text, wherever it stands', () => {
    const cases = [...attacked(sampleReport())];
    expect(cases.length).toBeGreaterThan(90);
    const harmful = cases.filter(({ report }) => /<script|alert\("|'2'\)/.test(renderHtml(report)));
    expect(harmful.map(({ path }) => path)).toEqual([]);
  });

  it('shows what the attacks went into', () => {
    const shown = [...attacked(sampleReport())].filter(({ report }) => renderHtml(report).includes('&#60;script&#62;'));
    const paths = shown.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        '.reason.change',
        '.reason.issue',
        '.summary.0',
        '.evidence.digest',
        '.plan.warnings.0',
        '.plan.spec.owner',
        '.measures.0.name',
        '.explanations.0.condition',
        '.drillDowns.0.dimension',
        '.drillDowns.0.values.0.value',
        '.examples.changed.0.key.merchant_id',
        '.checks.0.figure',
        '.proofs.0.limit',
        '.batches.noticed.0.checks.0.figure',
        '.changedRows.rows.0.key.revenue_date',
        '.changedRows.rows.0.explanation',
        '.liveWrites.amendments.0.partition',
        '.waivers.0.reason',
        '.decisions.0.comment',
        '.decisions.0.voidBecause',
        '.releases.0.approvedBy',
        '.rollback.statement',
        '.commands.approve',
      ]),
    );
  });

  it('says what live writes add to a measure, apart from the correction', () => {
    const live = { ...sampleReport().figures, liveMeasures: { revenue: { old: '100.00', new: '220.50' } } };
    expect(renderHtml(sampleReport({ figures: live }))).toContain('which changed revenue by +120.50. Since');
    expect(page).not.toContain('which changed revenue');
  });

  it('escapes keys of documents too', () => {
    const { figures, changedRows, plan } = sampleReport();
    const report = sampleReport({
      figures,
      changedRows: {
        ...changedRows,
        keyColumns: [ATTACK],
        rows: [
          {
            key: { [ATTACK]: { nested: ATTACK } },
            class: 'changed',
            old: '1',
            new: '2',
            explanation: null,
            columns: ATTACK,
          },
        ],
      },
      plan: {
        ...plan,
        spec: {
          ...plan.spec,
          validation: { ...EXPECTS_NOTHING, deltaExpected: { [ATTACK]: { run: { low: 0, high: 1 } } } },
        },
      },
    });
    expect(renderHtml(report)).not.toContain('<script');
  });

  it('has one first heading, and none that skips a level', () => {
    expect(headings.map(({ level }) => level).filter((level) => level === 1)).toHaveLength(1);
    headings.forEach(({ level }, index) => expect(level).toBeLessThanOrEqual((headings[index - 1]?.level ?? 0) + 1));
    expect(headings.filter(({ level }) => level === 2).map(({ text }) => text)).toMatchInlineSnapshot(`
      [
        "What changes",
        "Why it changes",
        "What was checked",
        "Live writes",
        "Approving",
        "Undoing it",
        "Decisions and releases",
        "Time and cost",
        "The plan",
      ]
    `);
  });

  it('leads to each of its sections', () => {
    const links = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    expect(links).toHaveLength(9);
    for (const id of links) expect(page).toContain(`<h2 id="${id ?? ''}">`);
  });

  it('needs no network and no script', () => {
    expect(page).not.toMatch(/https?:|\/\/[a-z]|\ssrc=|<link|<script|@import|url\(/i);
    expect(page).toContain(`default-src 'none'`);
  });

  it('has the digest and the commands that approve it', () => {
    expect(page).toContain(DIGEST);
    expect(page).toContain(`backfill approve revenue-tax-fix --by &#60;you&#62; --digest ${DIGEST}`);
    expect(page).toContain(
      `temporal workflow update execute --workflow-id backfill-revenue-tax-fix --name approve --input`,
    );
  });

  it('has a caption and scopes in every table, a title and a description in every chart', () => {
    const count = (pattern: RegExp): number => [...page.matchAll(pattern)].length;
    expect(count(/<table>/g)).toBeGreaterThan(12);
    expect(count(/<table>\n<caption>[^<]+<\/caption>/g)).toBe(count(/<table>/g));
    expect(count(/<th(?=[ >])/g)).toBe(count(/<th scope="(col|row)"/g));
    expect(count(/<svg /g)).toBe(3);
    expect(count(/<title id="[^"]+">[^<]+<\/title>\n<desc id="[^"]+">[^<]+<\/desc>/g)).toBe(3);
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('separates thousands and keeps every digit', () => {
    const exact = {
      old: '12345678901234567890.12',
      new: '12345678901234567890.13',
      delta: '0.01',
      percent: '0.000000',
    };
    const [revenue] = sampleReport().measures;
    if (revenue === undefined) throw new Error('the sample has no measure');
    const big = renderHtml(sampleReport({ measures: [{ ...revenue, ...exact }] }));
    expect(big).toContain('12,345,678,901,234,567,890.12');
    expect(big).toContain('+0.01');
  });

  it('says so where there is nothing yet', () => {
    const { figures, batches, changedRows } = sampleReport();
    const early = renderHtml(
      sampleReport({
        evidence: null,
        figures: { ...figures, deltas: {} },
        measures: [],
        checks: [],
        proofs: [],
        batches: { ...batches, passed: 0, waived: 0, planned: 2, checks: [], noticed: [] },
        changedRows: { ...changedRows, rows: [] },
        waivers: [],
        decisions: [],
        releases: [],
        rollback: null,
        commands: {
          approve: null,
          approveByTemporal: null,
          reject: null,
          rejectByTemporal: null,
          rollback: '',
          rearm: '',
        },
      }),
    );
    expect(early).toContain('The run as a whole has not been reconciled yet: 0 of 2 batches passed, 0 failed.');
    expect(early).toContain('there is nothing to approve');
    expect(early).toContain('there is nothing to undo');
    expect(early).not.toContain('<svg');
    expect(early).not.toMatch(/undefined|NaN|\[object/);
  });
});
