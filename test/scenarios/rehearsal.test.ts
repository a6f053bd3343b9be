import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { writeLateEvent } from '../../examples/daily-revenue/pipeline-run.ts';
import { withClient } from '../../examples/daily-revenue/with-client.ts';
import type { Rehearsal } from '../../src/domain/rehearsal.ts';
import { runMain } from '../cli/run-main.ts';
import type { MainRun } from '../cli/run-main.ts';
import { photograph } from '../support/catalogue.ts';
import { changedContracts } from '../support/contracts.ts';
import type { World } from '../support/world.ts';
import { CONTRACTS, createWorld } from '../support/world.ts';

const NARROW = { 'validation.revenue_delta_expected': '"-0.5% to -0.1%"' };
const FIRST_DAY = Date.parse('2024-12-01');
const DAYS = 547;

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.end());

/** `backfill plan` on the example; no address of a Temporal server is known to it. */
async function plan(contracts = CONTRACTS, ...options: string[]): Promise<MainRun> {
  const cwd = await mkdtemp(join(tmpdir(), 'backfill-plan-'));
  try {
    await writeFile(join(cwd, 'spec.yaml'), await readFile('examples/daily-revenue/backfill.yaml', 'utf8'));
    const env = {
      BACKFILL_WAREHOUSE_URL: world.urls['backfill_worker'],
      BACKFILL_CONTRACTS: contracts,
      BACKFILL_ALLOW_DIRTY_CONTRACTS: '1',
    };
    return await runMain(['plan', 'spec.yaml', ...options], { env, cwd, now: () => new Date() });
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

const rehearsalOf = ({ stdout }: MainRun): Rehearsal => (JSON.parse(stdout) as { rehearsal: Rehearsal }).rehearsal;
const verdicts = (rehearsal: Rehearsal, ...names: string[]) =>
  rehearsal.checks.filter(({ name }) => names.includes(name)).map(({ name, verdict }) => `${name}: ${verdict}`);

describe('backfill plan', () => {
  it('shows the rehearsal: deltas, rows, checks, proofs and when it would be finished', async () => {
    const before = await photograph(world.admin);
    const shown = await plan();
    expect(shown.exitCode).toBe(0);
    for (const said of [
      /Rehearsal \(\d sample partitions built in temporary tables/,
      /202\d-\d\d-\d\d {2}[\d,]+ +[\d.]+ → [\d.]+ +-[01]\.\d+% +[\d.]+ +\+0\.000%/,
      /Largest changes of revenue/,
      /tax_was_included/,
      /✓ Change of revenue: -1\.\d+% \(allowed: -1\.5% to -0\.8%\)/,
      /✓ The corrected logic gives what the live pipeline wrote after the interval: \d+ rows equal in /,
      /✓ The trusted logic still gives what is published: \d+ rows of \d partitions reproduced/,
      /finished +202\d-\d\d-\d\d \d\d:\d\d UTC to 202\d-\d\d-\d\d \d\d:\d\d UTC, if started now/,
    ])
      expect(shown.stdout).toMatch(said);
    expect(await photograph(world.admin)).toEqual(before);
  });

  it('holds its proofs on a day that the fixed pipeline wrote late', async () => {
    const [sampled] = rehearsalOf(await plan(CONTRACTS, '--json')).partitions;
    const day = (Date.parse(sampled?.partition ?? '') - FIRST_DAY) / 86_400_000;
    let calls = 0;
    const random = (): number => (calls++ === 0 ? (day + 0.5) / DAYS : 0.5);
    const late = await withClient(world.urls['revenue_pipeline'] ?? '', (client) => writeLateEvent(client, random));
    expect(late?.revenueDate).toBe(sampled?.partition);
    const rehearsal = rehearsalOf(await plan(CONTRACTS, '--json'));
    expect(rehearsal.partitions.map(({ partition }) => partition)).toContain(sampled?.partition);
    expect(verdicts(rehearsal, 'seam', 'reproduction')).toEqual(['seam: pass', 'reproduction: pass']);
  });

  it('refuses logic that is not the deployed one, with partition and column', async () => {
    const contracts = await changedContracts('transforms/daily_revenue.corrected.v2.sql', (text) =>
      text.replace(
        "case e.tax_mode when 'inclusive' then",
        "case when e.tax_mode = 'inclusive' and e.kind = 'sale' then",
      ),
    );
    const refused = await plan(contracts);
    await rm(contracts, { recursive: true, force: true });
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toMatch(
      /fails seam: .* rows differ in partition .*net_revenue in \d+.*bring transform\.corrected/,
    );
  });
});

describe('a start with an expectation that the samples do not meet', () => {
  beforeEach(() => world.startWorker());
  afterEach(() => world.stopWorker());

  it('is refused within fifteen seconds, the check named, the database untouched', async () => {
    const before = await photograph(world.admin);
    const ledger = async () =>
      (
        await world.admin.query(
          'SELECT 1 FROM governance.backfill_runs UNION ALL SELECT 1 FROM governance.backfill_events',
        )
      ).rowCount;
    const rows = await ledger();
    const started = Date.now();
    const run = await world.start({ set: NARROW });
    await expect(run.result()).rejects.toMatchObject({
      cause: {
        message: expect.stringMatching(
          /^the rehearsal on \d sample partitions fails delta:revenue: -1\.\d+% \(allowed: -0\.5% to -0\.1%\)/,
        ) as string,
      },
    });
    expect(Date.now() - started).toBeLessThan(15_000);
    expect(await photograph(world.admin)).toEqual(before);
    expect(await ledger()).toBe(rows);
  });
});
