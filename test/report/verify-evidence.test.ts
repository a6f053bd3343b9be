import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/spec/canonical-json.ts';
import { readReport } from '../../src/report/read-report.ts';
import { renderHtml } from '../../src/report/render-html.ts';
import type { Verification } from '../../src/report/verify-evidence.ts';
import { verifyEvidence } from '../../src/report/verify-evidence.ts';
import { reconcileSlice } from '../../src/warehouse/postgres/statements/reconcile-slice.ts';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import type { SmallDataset } from '../support/small-dataset.ts';
import { createDataset } from '../support/small-dataset.ts';
import { sqlstate } from '../support/sqlstate.ts';
import { tamper } from '../support/tamper.ts';

let world: SmallDataset;
let plan: BackfillPlan;
beforeAll(async () => {
  world = await createDataset();
  plan = await world.plan();
  await world.activities.proveIdempotency({ backfillId: 'fix-tax' });
  await world.preserve();
  await world.build();
  await world.conclude();
});
afterAll(() => world.end());

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');
const verify = (): Promise<Verification | null> => world.session((session) => verifyEvidence(session, 'fix-tax'));

interface Row {
  readonly evidence_id: string;
  readonly body: Record<string, unknown>;
  readonly digest: string;
}
const rows = (kind: string): Promise<Row[]> =>
  world.query<Row & Record<string, unknown>>(
    'SELECT evidence_id, body, digest FROM governance.backfill_evidence WHERE kind = $1 ORDER BY evidence_id',
    [kind],
  );

/** What `change` makes of the evidence is found; then it is as it was. */
async function foundAfter(kind: string, change: (row: Row) => { body: unknown; digest: string }): Promise<string[]> {
  const [row] = await rows(kind);
  if (row === undefined) throw new Error(`no evidence of kind ${kind}`);
  const put = ({ body, digest }: { body: unknown; digest: string }) =>
    tamper(world, 'UPDATE governance.backfill_evidence SET body = $1, digest = $2 WHERE evidence_id = $3', [
      JSON.stringify(body),
      digest,
      row.evidence_id,
    ]);
  await put(change(row));
  try {
    const found = await verify();
    expect(found?.verified).toBe(false);
    return [...(found?.findings ?? [])];
  } finally {
    await put(row);
  }
}

describe('evidence', () => {
  it.each([
    `UPDATE governance.backfill_evidence SET body = '{}'`,
    `UPDATE governance.backfill_evidence SET digest = ''`,
    'DELETE FROM governance.backfill_evidence',
    'TRUNCATE governance.backfill_evidence',
    'TRUNCATE governance.backfill_runs CASCADE',
    `SET session_replication_role = replica; DELETE FROM governance.backfill_evidence`,
  ])('is kept, whoever tries: %s', async (statement) => {
    const client = await world.admin.connect();
    try {
      expect(await sqlstate(client.query(statement))).toEqual({ code: '23514', constraint: 'evidence_is_kept' });
    } finally {
      client.release(true);
    }
    expect(await sqlstate(world.as('backfill_worker', statement))).toMatchObject({ code: '42501' });
  });

  it('is what was recorded: digests are computed anew from what is stored', async () => {
    expect(await verify()).toEqual({ verified: true, pieces: 4, findings: [] });
    const [run] = await rows('run');
    expect(sha256(canonicalJson(run?.body))).toBe(run?.digest);
    const batches = await rows('batch');
    const chain = batches.map(({ body }, place) => `${place + 1}:${sha256(canonicalJson(body))}`).join(',');
    expect(run?.body['batchDigest']).toBe(sha256(chain));
  });

  it('says which statements its figures come from, of which rules, and under what they were run', async () => {
    const [batch] = await rows('batch');
    const { text } = reconcileSlice(plan, { start: '2025-01-01', end: '2025-01-08', batch: 1 });
    const settings = {
      TimeZone: 'UTC',
      DateStyle: 'ISO, YMD',
      extra_float_digits: '1',
      search_path: 'pg_catalog, pg_temp',
      row_security: 'off',
    };
    expect(batch?.body).toMatchObject({
      statements: { comparison: sha256(text), 'source_total:gross': expect.stringMatching(/^[0-9a-f]{64}$/) as string },
      transforms: [{ from: '2024-01-01', file: 'corrected.sql', sha256: sha256(plan.eras[0]?.text ?? '') }],
      circumstances: { role: 'backfill_worker', settings },
    });
    const [run] = await rows('run');
    const [{ server } = { server: '' }] = await world.query<{ server: string }>(
      `SELECT current_setting('server_version') AS server`,
    );
    expect(run?.body).toMatchObject({
      server,
      circumstances: { settings },
      sources: {
        contractSha256: plan.contractSha256,
        codeVersion: plan.codeVersion,
        corrected: [{ from: '2024-01-01', sha256: plan.eras[0]?.sha256 }],
        sourceTotals: { gross: { file: 'gross.sql', tolerance: 0 } },
      },
    });
    expect(Object.keys(run?.body['statements'] ?? {})).toContain('totals');
  });

  it.each(['run', 'batch', 'proof'])('that somebody changed in the ledger is found: of kind %s', async (kind) => {
    const found = await foundAfter(kind, ({ body, digest }) => ({ body: { ...body, changed: true }, digest }));
    expect(found[0]).toMatch(
      new RegExp(`^${kind} evidence \\d+.* was recorded under digest [0-9a-f]{64}, and what is stored has digest`),
    );
  });

  it('of a batch is found too where whoever changed it digested it anew', async () => {
    const found = await foundAfter('batch', ({ body }) => {
      const changed = { ...body, figures: {} };
      return { body: changed, digest: sha256(canonicalJson(changed)) };
    });
    expect(found).toEqual(['the evidence of the batches is not what the evidence of the run was concluded from']);
  });

  it('that was changed is told before anything else on the page', async () => {
    const [batch] = await rows('batch');
    await tamper(world, `UPDATE governance.backfill_evidence SET body = body - 'checks' WHERE evidence_id = $1`, [
      batch?.evidence_id,
    ]);
    try {
      const page = renderHtml(await world.session((session) => readReport(session, 'fix-tax')));
      expect(page).toContain('The evidence in the ledger is not what was recorded.');
      expect(page.indexOf('role="alert"')).toBeLessThan(page.indexOf('class="lead"'));
    } finally {
      await tamper(world, 'UPDATE governance.backfill_evidence SET body = $1 WHERE evidence_id = $2', [
        JSON.stringify(batch?.body),
        batch?.evidence_id,
      ]);
    }
    const page = renderHtml(await world.session((session) => readReport(session, 'fix-tax')));
    expect(page).toContain('✓ verified: 4 pieces of evidence digested anew');
    expect(page).not.toContain('role="alert"');
  });
});
