import { relative } from 'node:path';
import { formatName } from '../../domain/names.ts';
import { counted } from '../../report/words.ts';
import type { CommandResult } from '../command-result.ts';
import { EXIT } from '../exit-codes.ts';
import type { DocumentOptions, SpecFile } from '../read-documents.ts';
import { readSpecFile } from '../read-documents.ts';
import { fields } from '../render/layout.ts';
import { problemJson, renderProblems } from '../render/problems.ts';
import { loadSettings } from '../settings.ts';
import type { Surroundings } from '../surroundings.ts';

/** Checks a spec, its contract and their SQL files on this machine: no server is asked. */
export async function validate(
  path: string,
  options: DocumentOptions,
  surroundings: Surroundings,
): Promise<CommandResult> {
  const read = await readSpecFile(path, options, loadSettings(surroundings), surroundings);
  if (!read.ok)
    return {
      exitCode: EXIT.badInput,
      text: renderProblems(path, read.problems),
      json: { ok: false, problems: read.problems.map(problemJson) },
    };
  const noContract =
    'the contract was not checked: name its folder with --contracts or BACKFILL_CONTRACTS, or put a folder `contracts` beside the spec';
  return {
    exitCode: EXIT.done,
    text: [
      `${path} is valid`,
      summary(read.file, surroundings.cwd),
      ...(read.file.contract === null ? [`Note: ${noContract}`] : []),
      `Next: backfill plan ${path}`,
    ].join('\n'),
    json: { ok: true, problems: [], contractChecked: read.file.contract !== null },
  };
}

function summary({ parsed, contract }: SpecFile, cwd: string): string {
  const { spec, defaults, overrides } = parsed;
  const files = contract === null ? 0 : Object.keys(contract.loaded.files).length;
  return fields([
    ['backfill', `${spec.backfillId} (${spec.reason.issue}: ${spec.reason.change})`],
    ['dataset', formatName(spec.target.table)],
    [
      'interval',
      `${spec.sourceRange.start} to ${spec.sourceRange.end}, both included${spec.interval.length > 1 ? `, in ${spec.interval.length} parts` : ''}`,
    ],
    ['snapshot', `${formatName(spec.rollback.snapshot)} (the name as it will exist)`],
    [
      'contract',
      contract === null
        ? null
        : `${relative(cwd, contract.path)} with ${counted(files, 'SQL file')}, version ${contract.loaded.codeVersion}`,
    ],
    ['overrides', overrides.map(({ path, value, was }) => `${path} = ${value} (was ${was ?? 'not set'})`)],
    ['defaults', `${counted(defaults.length, 'field')} left out; backfill plan lists what stands in`],
  ]);
}
