import type { CaptureMode } from '../domain/dataset-contract.ts';
import { formatName } from '../domain/names.ts';
import type { TableShape, ViewShape } from '../domain/table-shape.ts';
import { ledgerIsThere } from '../ledger/ledger-is-there.ts';
import { datasetScript, migrationsExpected } from '../ledger/scripts.ts';
import type { Session } from '../warehouse/session.ts';
import { sql } from '../warehouse/sql.ts';

export interface Installation {
  readonly reasons: readonly string[];
  readonly functionPrefix: string | null;
  readonly baseFingerprint: string | null;
  readonly viewFingerprint: string | null;
}

/** Is the ledger there, of this version, and are the reviewed functions of this dataset installed as they are now? */
export async function checkInstallation(
  session: Session,
  table: TableShape,
  view: ViewShape,
  key: { readonly name: string; readonly type: string },
  capture: CaptureMode,
): Promise<Installation> {
  const none = { functionPrefix: null, baseFingerprint: null, viewFingerprint: null };
  const remedy = `run: backfill install --dataset ${formatName(table.name)} --admin-url env:ADMIN_URL (or --print, to review the script first)`;
  if (!(await ledgerIsThere(session)))
    return {
      ...none,
      reasons: [
        `the ledger (schema governance) is not installed in this warehouse, or the worker may not use it; ${remedy}`,
      ],
    };
  const applied = await session.rows<{ number: number; sha256: string }>(
    sql('SELECT number, sha256 FROM governance.migrations ORDER BY number'),
  );
  const missing = migrationsExpected().filter(
    (wanted) => !applied.some((have) => have.number === wanted.number && have.sha256 === wanted.sha256),
  );
  if (missing.length > 0)
    return {
      ...none,
      reasons: [`the ledger lacks migration ${missing.map((one) => one.name).join(', ')} of this version; ${remedy}`],
    };
  const { worker, ledgerOwner } = await session.one<{ worker: string; ledgerOwner: string }>(
    sql(
      `SELECT current_user AS worker, pg_get_userbyid(nspowner) AS "ledgerOwner" FROM pg_namespace WHERE nspname = 'governance'`,
    ),
  );
  const scriptFor = (mode: CaptureMode): string =>
    datasetScript({
      dataset: table.name,
      view: view.name,
      tableOwner: table.owner,
      viewOwner: view.owner,
      worker,
      ledgerOwner,
      key,
      capture: mode,
    }).sha256;
  const installed = await installedFunctions(session, table, view);
  // A table or view that was dropped and made again has another identity: the guards of publication look at the old one.
  const stands = (mode: CaptureMode): boolean => installed?.current === true && installed.sha256 === scriptFor(mode);
  // The script with triggers has all that is needed without them.
  if (installed === undefined || !(stands('triggers') || (capture === 'fingerprints' && stands('fingerprints')))) {
    const how =
      installed === undefined
        ? 'not installed'
        : stands('fingerprints')
          ? 'installed without triggers'
          : 'of another version';
    const instead =
      capture === 'triggers'
        ? '; where no trigger may be created on the base table, write live_pipeline: { capture: fingerprints } into the contract'
        : '';
    return {
      ...none,
      reasons: [`the elevated functions of ${formatName(table.name)} are ${how}; ${remedy}${instead}`],
    };
  }
  return {
    reasons: [],
    functionPrefix: installed.prefix,
    baseFingerprint: installed.base,
    viewFingerprint: installed.view,
  };
}

interface Installed {
  readonly prefix: string;
  readonly sha256: string;
  /** The ledger knows the table and the view that have these names now. */
  readonly current: boolean;
  readonly base: string;
  readonly view: string;
}

/** By catalogue rows and not by `::regclass`, which needs the schema's USAGE: what is missing is told elsewhere. */
async function installedFunctions(
  session: Session,
  table: TableShape,
  view: ViewShape,
): Promise<Installed | undefined> {
  const [installed] = await session.rows<Installed>(
    sql(
      `SELECT d.function_prefix AS prefix, d.script_sha256 AS sha256, d.base_table = b.oid AND d.published_view = v.oid AS current,
              governance.relation_fingerprint(b.oid) AS base, governance.view_fingerprint(v.oid) AS view
         FROM governance.datasets d, pg_class b, pg_class v
        WHERE d.dataset = $1 AND (b.relnamespace::regnamespace, b.relname) = (quote_ident($2)::regnamespace, $3) AND (v.relnamespace::regnamespace, v.relname) = (quote_ident($4)::regnamespace, $5)`,
      formatName(table.name),
      table.name.schema,
      table.name.name,
      view.name.schema,
      view.name.name,
    ),
  );
  return installed;
}
