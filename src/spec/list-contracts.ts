import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { QualifiedName } from '../domain/names.ts';
import { valueAt } from './document-path.ts';
import type { ParsedContract } from './parse-contract.ts';
import { parseContract } from './parse-contract.ts';
import type { RefusedDocument } from './parse-spec.ts';
import { readDocument } from './source-document.ts';
import { readSourceText } from './source-text.ts';
import { tableNameReader } from './sql-name.ts';

export interface ContractFile {
  readonly path: string;
  readonly text: string;
  /** Null where the document does not even say which dataset it is about. */
  readonly dataset: QualifiedName | null;
  readonly parsed: ParsedContract | RefusedDocument;
}

/** The `*.contract.yaml` files of a folder, by name, each parsed. A folder that cannot be read: a problem. */
export async function listContracts(
  folder: string,
): Promise<{ readonly ok: true; readonly contracts: readonly ContractFile[] } | RefusedDocument> {
  try {
    const entries = await readdir(folder);
    const names = entries.filter((name) => name.endsWith('.contract.yaml')).sort();
    return { ok: true, contracts: await Promise.all(names.map((name) => readContract(join(folder, name)))) };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    const problem = `the contracts folder cannot be read (${String(error.code)})`;
    const allowed = 'an existing folder; BACKFILL_CONTRACTS names it';
    return { ok: false, problems: [{ file: folder, line: 0, column: 0, path: '', problem, found: '', allowed }] };
  }
}

async function readContract(path: string): Promise<ContractFile> {
  const source = await readSourceText(path, path);
  if (!source.ok) return { path, text: '', dataset: null, parsed: { ok: false, problems: [source.problem] } };
  const { text } = source;
  const name = tableNameReader.read(valueAt(readDocument({ text, file: path }).value, ['dataset']));
  return { path, text, dataset: 'value' in name ? name.value : null, parsed: parseContract({ text, file: path }) };
}
