import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { DatasetContract, LoadedContract } from '../domain/dataset-contract.ts';
import { sha256 } from './fingerprint.ts';
import type { DocumentPath } from './document-path.ts';
import { formatPath } from './document-path.ts';
import { figureProblems } from './figures-file.ts';
import type { Locate } from './source-document.ts';
import { readSourceText } from './source-text.ts';
import type { SpecProblem } from './spec-problem.ts';
import type { SqlKind } from './sql-parameters.ts';
import { sqlProblems } from './sql-parameters.ts';

/** One place of a contract that names a file. */
interface FileUse {
  readonly file: string;
  readonly kind: SqlKind | 'figures';
  readonly path: DocumentPath;
}

export interface ContractFiles {
  readonly files: LoadedContract['files'];
  readonly problems: readonly SpecProblem[];
}

/** Reads every file that a contract names and checks it for its use. Symbolic links may not lead out of the folder. */
export async function readContractFiles(
  folder: string,
  contract: DatasetContract,
  locate: Locate,
): Promise<ContractFiles> {
  const root = await realpath(folder);
  const files: Record<string, { readonly text: string; readonly sha256: string }> = {};
  const problems: SpecProblem[] = [];
  for (const use of fileUses(contract)) {
    const text = await readInside(root, folder, use, locate);
    if (typeof text === 'string') {
      files[use.file] = { text, sha256: sha256(text) };
      const file = join(folder, use.file);
      problems.push(...(use.kind === 'figures' ? figureProblems(text, file) : sqlProblems(text, use.kind, file)));
    } else {
      problems.push(text);
    }
  }
  return { files, problems };
}

async function readInside(root: string, folder: string, use: FileUse, locate: Locate): Promise<string | SpecProblem> {
  const refused = (problem: string, allowed: string): SpecProblem => {
    return { ...locate(use.path), path: formatPath(use.path), problem, found: use.file, allowed };
  };
  try {
    const target = await realpath(join(root, use.file));
    if (!target.startsWith(root.endsWith(sep) ? root : root + sep)) {
      return refused('a link that leaves the contracts folder:', 'a file inside the folder');
    }
    const source = await readSourceText(target, join(folder, use.file));
    return source.ok ? source.text : source.problem;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    const problem = error.code === 'ENOENT' ? 'no such file' : `a file that cannot be read (${String(error.code)}):`;
    return refused(problem, `an existing file inside ${folder}`);
  }
}

function fileUses(contract: DatasetContract): readonly FileUse[] {
  const eras = (['corrected', 'trusted'] as const).flatMap((logic) =>
    contract.transform[logic].map(({ sql }, index): FileUse => {
      return { file: sql, kind: 'transform', path: ['transform', logic, index, 'sql'] };
    }),
  );
  const totals = Object.entries(contract.sourceTotals).flatMap(([name, { sql, csv }]): readonly FileUse[] => [
    ...(sql === null ? [] : [{ file: sql, kind: 'totals' as const, path: ['source_totals', name, 'sql'] }]),
    ...(csv === null ? [] : [{ file: csv, kind: 'figures' as const, path: ['source_totals', name, 'csv'] }]),
  ]);
  const monitors = Object.entries(contract.consumers).flatMap(([name, { probe: one }]): readonly FileUse[] => {
    if (one === null || one.kind === 'http') return [];
    const place = one.kind === 'sql' ? ['monitor'] : ['canary', 'sql'];
    return [{ file: one.sql, kind: 'monitor', path: ['consumers', name, ...place] }];
  });
  const probe = contract.livePipeline.running;
  const probes: readonly FileUse[] =
    probe?.kind === 'sql' ? [{ file: probe.sql, kind: 'probe', path: ['live_pipeline', 'running'] }] : [];
  return [...eras, ...totals, ...monitors, ...probes];
}
