import { describe, expect, it } from 'vitest';
import { judgeFence } from '../../src/domain/fence-limit.ts';
import { datasetWith } from '../support/drafts.ts';
import { CONTRACT, SPEC } from '../support/sales-scenario.ts';

const FINGERPRINTS = CONTRACT.replace('live_pipeline: {}', 'live_pipeline: { capture: fingerprints }');

describe('how live writes are noticed', () => {
  it('is by triggers, and refused where the functions that make them are not installed, with the way without', async () => {
    const world = await datasetWith({ capture: 'fingerprints' });
    const draft = await world.draft();
    expect(draft).toMatchObject({
      kind: 'refused',
      reasons: [
        'the elevated functions of finance.sales_by_day are installed without triggers; run: backfill install --dataset finance.sales_by_day --admin-url env:ADMIN_URL (or --print, to review the script first); where no trigger may be created on the base table, write live_pipeline: { capture: fingerprints } into the contract',
      ],
    });
  });

  it('by fingerprints needs no function that makes a trigger, and is content with more', async () => {
    const without = await datasetWith({ capture: 'fingerprints', contract: FINGERPRINTS });
    expect(await without.draft()).toMatchObject({ kind: 'plan' });
    expect(
      await without.query(
        `SELECT FROM pg_proc WHERE pronamespace = 'governance'::regnamespace AND proname ~ '_capture$'`,
      ),
    ).toEqual([]);
    const withThem = await datasetWith({ contract: FINGERPRINTS });
    expect(await withThem.draft()).toMatchObject({ kind: 'plan' });
  });

  it('by fingerprints is measured on samples, and the plan says how long writers stand still', async () => {
    const world = await datasetWith({ capture: 'fingerprints', contract: FINGERPRINTS });
    const draft = await world.draft();
    expect(draft.kind === 'plan' && draft.plan.estimate.comparisonMs).toBeGreaterThan(0);
    expect(draft.kind === 'plan' && draft.plan.warnings).toContainEqual(
      expect.stringMatching(
        /^live writes to finance\.sales_by_day are found by fingerprints: .* all 14 partitions are compared while writers stand still, about \d+ ms as measured on samples \(at most publication\.max_fence, 3000 ms\)$/,
      ),
    );
  });

  it('by fingerprints is refused where that is longer than the spec allows', async () => {
    const spec = `${SPEC}publication: { max_fence: 1ms }\n`;
    const world = await datasetWith({ capture: 'fingerprints', contract: FINGERPRINTS, spec });
    expect(await world.draft()).toMatchObject({
      kind: 'refused',
      reasons: [expect.stringMatching(/that is more than publication\.max_fence \(1 ms\): allow longer there/)],
    });
  });

  it('by fingerprints may take as long as the spec allows, and no longer', () => {
    const plan = { dataset: 'finance.sales', partitions: 547, comparisonMs: 3_000 };
    expect(judgeFence(plan, 3_000).reason).toBeNull();
    expect(judgeFence({ ...plan, comparisonMs: 3_000.1 }, 3_000).reason).toContain('about 3001 ms');
  });
});
