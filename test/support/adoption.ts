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
  const text = (...flags: string[]) => runMain(['adopt', named, ...flags], { env, cwd: folder, user: 'dora' });
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
    contract: async (changed, name) => {
      named = name;
      await writeFile(file, changed);
    },
    end: () => rm(folder, { recursive: true, force: true }),
  };
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
