import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AdoptionPlan, AdoptionProof } from '../../src/domain/adoption.ts';
import type { AdoptionCheck } from '../../src/planning/adoption/check-adoption.ts';
import { runMain } from '../cli/run-main.ts';
import type { SmallDataset } from './small-dataset.ts';

export interface AdoptionAnswer extends AdoptionPlan {
  readonly kind: 'adoption' | 'refused' | 'complete';
  readonly reasons: readonly string[];
  readonly proof: AdoptionProof;
  readonly script: string;
  readonly undo: string;
}

/** `backfill adopt` as a person runs it, with the contract of the dataset. */
export interface Adopting {
  adopt(...flags: string[]): Promise<{ exitCode: number; answer: AdoptionAnswer }>;
  check(...flags: string[]): Promise<{ exitCode: number; answer: AdoptionCheck }>;
  text(...flags: string[]): Promise<{ exitCode: number; stdout: string; stderr: string }>;
  /** `backfill plan` with the contract as it is now. */
  plan(spec: string): Promise<{ kind: string; reasons?: readonly string[] }>;
  /** From now on, with another contract. */
  contract(text: string, dataset: string): Promise<void>;
  end(): Promise<void>;
}

export async function adopting(world: SmallDataset, dataset: string): Promise<Adopting> {
  const folder = await mkdtemp(join(tmpdir(), 'backfill-adopt-'));
  const file = join(folder, 'dataset.contract.yaml');
  await writeFile(file, world.scenario.contract);
  for (const [path, text] of Object.entries(world.scenario.files)) await writeFile(join(folder, path), text);
  let named = dataset;
  const env = { BACKFILL_WAREHOUSE_URL: world.urls.backfill_worker, BACKFILL_CONTRACTS: folder, ADMIN: world.adminUrl };
  let drawnUp = 0;
  const now = (): Date => new Date(Date.UTC(2026, 5, 15, 10, 0, drawnUp++));
  const text = (...flags: string[]) => runMain(['adopt', named, ...flags], { env, cwd: folder, user: 'dora', now });
  const json = async <T>(...flags: string[]): Promise<{ exitCode: number; answer: T }> => {
    const { exitCode, stdout, stderr } = await text(...flags, '--json');
    const answer = JSON.parse(stdout) as T & { error?: string };
    if (answer.error !== undefined) throw new Error(`${answer.error}${stderr}`);
    return { exitCode, answer };
  };
  return {
    adopt: (...flags) => json('--admin-url', 'env:ADMIN', ...flags),
    check: (...flags) => json('--check', ...flags),
    text,
    plan: async (spec) => {
      await writeFile(join(folder, 'spec.yaml'), spec);
      const dirty = { ...env, BACKFILL_ALLOW_DIRTY_CONTRACTS: '1' };
      const at = new Date('2026-01-15T12:00:00Z');
      const { stdout } = await runMain(['plan', 'spec.yaml', '--json'], { env: dirty, cwd: folder, now: () => at });
      return JSON.parse(stdout) as { kind: string };
    },
    contract: async (changed, name) => {
      named = name;
      await writeFile(file, changed);
    },
    end: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Runs a script as `psql` does, on a connection of its own; answers what it was refused with, null where it was run. */
export async function runScript(world: SmallDataset, script: string): Promise<string | null> {
  const client = await world.admin.connect();
  try {
    await client.query(script);
    return null;
  } catch (error) {
    await client.query('ROLLBACK');
    return (error as Error).message;
  } finally {
    client.release();
  }
}

const FACES = `SELECT format('%I.%I', n.nspname, c.relname) AS name, pg_get_viewdef(c.oid) AS definition, c.relowner::regrole::text AS owner, c.relacl::text AS rights, c.reloptions AS options,
    obj_description(c.oid) AS comment, (SELECT array_agg(pg_get_indexdef(indexrelid) ORDER BY 1) FROM pg_index WHERE indrelid = c.oid)::text[] AS indexes,
    (SELECT array_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0)::text[] AS columns
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('finance', 'Odd reports') AND c.relkind IN ('v', 'm') ORDER BY 1`;

export interface Face {
  readonly name: string;
  readonly definition: string;
  readonly [seen: string]: unknown;
}

/** Everything that people see of the views and materialised views, rows aside. */
export function faces(world: SmallDataset): Promise<Face[]> {
  return world.query<Face>(FACES);
}

/** Rights of the roles on base and view, as the catalogue holds them. */
export function rights(world: SmallDataset): Promise<unknown[]> {
  return world.query(
    `SELECT c.relname, acl::text, NULL AS col FROM pg_class c, unnest(c.relacl) acl WHERE c.relnamespace = 'finance'::regnamespace AND c.relname LIKE 'sales%'
     UNION ALL SELECT c.relname, acl::text, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid, unnest(a.attacl) acl WHERE c.relnamespace = 'finance'::regnamespace AND c.relname LIKE 'sales%' ORDER BY 1, 3, 2`,
  );
}
