import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { DatasetContract } from '../../domain/dataset-contract.ts';
import type { QualifiedName } from '../../domain/names.ts';
import { checkAdoption } from '../../planning/adoption/check-adoption.ts';
import type { DrawnUpAdoption } from '../../planning/adoption/plan-adoption.ts';
import { planAdoption } from '../../planning/adoption/plan-adoption.ts';
import { suffixedName } from '../../warehouse/postgres/suffixed-name.ts';
import type { Session } from '../../warehouse/session.ts';
import { SHORT, createPool, withSession } from '../../warehouse/session.ts';
import { adminUrlOf, workerOf } from '../administrator.ts';
import type { CommandResult } from '../command-result.ts';
import { commandError } from '../command-result.ts';
import { EXIT } from '../exit-codes.ts';
import { namedContract, tableName } from '../named-contract.ts';
import { renderAdoption, renderAdoptionCheck } from '../render/adoption.ts';
import type { Settings } from '../settings.ts';
import { loadSettings } from '../settings.ts';
import type { Surroundings } from '../surroundings.ts';
import { connectFailure } from '../with-warehouse.ts';

export interface AdoptCommandOptions {
  readonly dataset: string;
  readonly plan: boolean;
  readonly check: boolean;
  readonly keepName: boolean;
  readonly baseName?: string;
  readonly leave: readonly string[];
  readonly prove: boolean;
  readonly out?: string;
  readonly by?: string;
  readonly adminUrl?: string;
  readonly contracts?: string;
  readonly worker?: string;
  readonly ledgerOwner: string;
}

/** Draws up how the readers of a table get behind its published view, or says how far that is. Changes nothing either way. */
export async function adopt(options: AdoptCommandOptions, surroundings: Surroundings): Promise<CommandResult> {
  if (options.check && (options.plan || options.prove || options.keepName || options.out !== undefined))
    throw commandError(
      EXIT.badInput,
      '--check looks at what is there; it goes with none of --plan, --prove, --keep-name and --out',
    );
  if (options.baseName !== undefined && !options.keepName)
    throw commandError(EXIT.badInput, '--base-name says what the table is called after --keep-name; give both or none');
  const settings = loadSettings(surroundings);
  const contract = await namedContract(options, settings, surroundings.cwd);
  const worker = workerOf(options, settings);
  return withAdoptionSession(urlOf(options, settings), (session) =>
    options.check
      ? check(session, contract, { worker, leave: options.leave })
      : draw(session, contract, { ...options, worker }, surroundings),
  );
}

async function check(
  session: Session,
  contract: DatasetContract,
  who: { readonly worker: string; readonly leave: readonly string[] },
): Promise<CommandResult> {
  const found = await checkAdoption(session, contract, who);
  return { exitCode: found.complete ? EXIT.done : EXIT.waiting, text: renderAdoptionCheck(found), json: found };
}

async function draw(
  session: Session,
  contract: DatasetContract,
  options: AdoptCommandOptions & { readonly worker: string },
  { user, now, cwd }: Surroundings,
): Promise<CommandResult> {
  const drawn = await planAdoption(session, {
    contract,
    worker: options.worker,
    keepNameWith: options.keepName ? baseNameOf(contract.dataset, options.baseName) : null,
    leave: options.leave,
    requestedBy: options.by ?? user ?? 'unknown',
    ledgerOwner: options.ledgerOwner,
    now: now(),
    prove: options.prove,
  });
  if (drawn.kind !== 'adoption')
    return {
      exitCode: drawn.kind === 'complete' ? EXIT.done : EXIT.badInput,
      text: renderAdoption(drawn, null),
      json: drawn,
    };
  const folder = options.out === undefined ? null : resolve(cwd, options.out);
  if (folder !== null) await writeFiles(folder, drawn);
  const { plan, script, undo, proof } = drawn;
  return {
    exitCode: proof.state === 'failed' ? EXIT.failed : plan.byHand.length > 0 ? EXIT.waiting : EXIT.done,
    text: renderAdoption(drawn, folder),
    json: { kind: 'adoption', ...plan, proof, script, undo },
  };
}

async function writeFiles(
  folder: string,
  { plan, script, undo }: Extract<DrawnUpAdoption, { kind: 'adoption' }>,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'adopt.sql'), script);
  await writeFile(join(folder, 'undo.sql'), undo);
  await writeFile(join(folder, 'sources.yml'), plan.dbt);
}

function baseNameOf({ schema, name }: QualifiedName, given: string | undefined): QualifiedName {
  if (given === undefined) return { schema, name: suffixedName(name, '_base') };
  // A table keeps its schema when it is renamed.
  return given.includes('.')
    ? inSchema(tableName(given, '--base-name'), schema)
    : tableName(`${quoted(schema)}.${given}`, '--base-name');
}

function inSchema(name: QualifiedName, schema: string): QualifiedName {
  if (name.schema === schema) return name;
  throw commandError(EXIT.badInput, `--base-name ${name.schema}.${name.name}: the table stays in schema ${schema}`);
}

function quoted(part: string): string {
  return `"${part.replaceAll('"', '""')}"`;
}

function urlOf({ adminUrl, prove }: AdoptCommandOptions, settings: Settings): string {
  if (adminUrl !== undefined || prove) return adminUrlOf(adminUrl === undefined ? {} : { adminUrl }, settings);
  const { warehouse } = settings.config;
  if (warehouse !== null) return warehouse.reveal();
  throw commandError(
    EXIT.badInput,
    'the warehouse is not known: set BACKFILL_WAREHOUSE_URL, or give --admin-url env:NAME',
  );
}

async function withAdoptionSession<T>(url: string, use: (session: Session) => Promise<T>): Promise<T> {
  const pool = createPool(url, 1);
  try {
    return await withSession(pool, { ...SHORT, applicationName: 'backfill/cli' }, use);
  } catch (error) {
    throw connectFailure(error, url) ?? error;
  } finally {
    await pool.end();
  }
}
