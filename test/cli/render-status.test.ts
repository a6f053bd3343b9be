import { describe, expect, it } from 'vitest';
import { paintFor } from '../../src/cli/render/paint.ts';
import { renderStatus, statusLine } from '../../src/cli/render/status.ts';
import { viewOf } from './views.ts';

const plain = paintFor({ isColoured: false });
const at = '2026-06-15T09:30:00.000Z';

describe('status for people', () => {
  it('shows work that goes on', () => {
    expect(renderStatus(viewOf(), { link: 'http://127.0.0.1:8233/x', isLive: true }, plain)).toMatchInlineSnapshot(`
      "tax-fix  finance.daily_revenue
        status    building since 2026-06-15 09:00:00 UTC
        progress  #####------------------- 23 %  126/547 partitions  18/79 batches
        scanned   1.2 GB
        page      http://127.0.0.1:8233/x

      Next
        backfill status tax-fix --watch
        backfill pause tax-fix --reason "<why>"
        backfill abort tax-fix --reason "<why>""
    `);
  });

  it('says that no worker answered, and how to undo a release', () => {
    const view = viewOf({
      status: 'observing',
      waitingOn: { reason: 'the rollback window', since: at, until: '2026-06-22T09:30:00.000Z' },
      partitions: { total: 547, done: 547, rebuilt: 3 },
      batches: { total: 79, done: 79, failed: 0 },
      evidenceDigest: '3bdea71259f9',
      checks: [
        { name: 'row_count', level: 'structural', verdict: 'pass', figure: '0', limit: '±0' },
        { name: 'rows_changed', level: 'row', verdict: 'info', figure: '11487', limit: 'none set' },
        { name: 'delta:revenue', level: 'aggregate', verdict: 'waived', figure: '-1.9%', limit: '-1.5% to -0.8%' },
      ],
      waivers: [
        {
          by: 'finance-director',
          check: 'delta:revenue',
          batch: 4,
          figure: '-2%',
          limit: '-1.5% to -0.8%',
          reason: 'a late refund',
          at,
        },
      ],
      approval: { by: 'finance-controller', identified: 'claimed', digest: '3bdea71259f9', comment: 'read', at },
      release: { releaseId: 'FIN-2841', publishedAt: at, state: 'published' },
      rollbackDeadline: '2026-06-22T09:30:00.000Z',
      rollbackStatement: 'WITH moved AS (…)\nINSERT …;',
      refusals: [{ message: 'approve', reason: 'approve: maria requested this backfill', at }],
    });
    expect(renderStatus(view, { link: null, isLive: false }, plain)).toMatchInlineSnapshot(`
      "No worker answered; as of the last status change. Start one with: npm run worker

      tax-fix  finance.daily_revenue
        status          observing since 2026-06-15 09:00:00 UTC
        waiting on      the rollback window (since 2026-06-15 09:30:00 UTC, until 2026-06-22 09:30:00 UTC)
        progress        ######################## 100 %  547/547 partitions, 3 rebuilt after live writes  79/79 batches
        scanned         1.2 GB
        checks          1 pass, 1 for information
                        waived: delta:revenue: -1.9% (allowed: -1.5% to -0.8%)
        waived          delta:revenue in batch 4 by finance-director: a late refund
        evidence        3bdea71259f9
        approval        by finance-controller (claimed) at 2026-06-15 09:30:00 UTC: read
        release         FIN-2841, published 2026-06-15 09:30:00 UTC
        rollback until  2026-06-22 09:30:00 UTC
        refused         approve: maria requested this backfill (2026-06-15 09:30:00 UTC)

      To undo it with nothing but psql
        WITH moved AS (…)
        INSERT …;

      Next
        backfill status tax-fix --watch
        backfill rollback tax-fix --reason "<why>"
        backfill settle tax-fix"
    `);
  });

  it('shows a hold with the check that failed', () => {
    const check = { name: 'row_count', level: 'structural', verdict: 'fail', figure: '3', limit: '±0' } as const;
    const view = viewOf({
      status: 'held',
      checks: [check],
      hold: { from: 'building', reason: 'batch 7: row_count', since: at, check, batch: 7 },
      waitingOn: { reason: 'held: batch 7: row_count; retry, waive or abort', since: at },
      batches: { total: 79, done: 6, failed: 1 },
    });
    expect(renderStatus(view, { link: null, isLive: true }, plain)).toMatchInlineSnapshot(`
      "tax-fix  finance.daily_revenue
        status      held since 2026-06-15 09:00:00 UTC
        waiting on  held: batch 7: row_count; retry, waive or abort (since 2026-06-15 09:30:00 UTC)
        progress    #####------------------- 23 %  126/547 partitions  6/79 batches, 1 failed
        scanned     1.2 GB
        checks      0 pass
                    fail: row_count: 3 (allowed: ±0)

      Next
        backfill retry tax-fix
        backfill waive tax-fix --by <approver> --check row_count --reason "<why>"
        backfill abort tax-fix --reason "<why>""
    `);
  });

  it('is one line for logs', () => {
    const waitingOn = { reason: 'pause window 08:00–10:00 UTC', since: at };
    expect(statusLine(viewOf({ waitingOn }), new Date(at))).toMatchInlineSnapshot(
      `"2026-06-15T09:30:00.000Z  building  126/547 partitions, 18/79 batches  waiting on: pause window 08:00–10:00 UTC"`,
    );
    expect(
      statusLine(viewOf({ status: 'planning', partitions: { total: 0, done: 0, rebuilt: 0 } }), new Date(at)),
    ).toMatchInlineSnapshot(`"2026-06-15T09:30:00.000Z  planning"`);
  });

  it('colours only where it may', () => {
    const coloured = renderStatus(
      viewOf({ status: 'held' }),
      { link: null, isLive: true },
      paintFor({ isColoured: true }),
    );
    expect(coloured).toContain('\u001b[33mheld\u001b[39m');
    expect(renderStatus(viewOf({ status: 'held' }), { link: null, isLive: true }, plain)).not.toContain('\u001b');
  });
});
