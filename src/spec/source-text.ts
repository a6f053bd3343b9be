import { readFile } from 'node:fs/promises';
import type { SpecProblem } from './spec-problem.ts';

/** A Temporal payload ends at 2 MiB and a document of a person at a few KiB; what is larger is not one of ours. */
const SOURCE_LIMIT_BYTES = 1024 * 1024;

export type SourceText =
  { readonly ok: true; readonly text: string } | { readonly ok: false; readonly problem: SpecProblem };

/** Reads a document or an SQL file. `shownAs` is the name that messages use. Unreadable, too large or not UTF-8: a problem. */
export async function readSourceText(path: string, shownAs: string): Promise<SourceText> {
  try {
    return decodeSource(await readFile(path), shownAs);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    const missing = error.code === 'ENOENT';
    const problem = missing ? 'the file does not exist' : `the file cannot be read (${String(error.code)})`;
    return refused(shownAs, problem, missing ? 'the path of an existing file' : 'a file that this user may read');
  }
}

export function decodeSource(bytes: Uint8Array, shownAs: string): SourceText {
  if (bytes.byteLength > SOURCE_LIMIT_BYTES) {
    return refused(shownAs, `the file is too large (${bytes.byteLength} bytes)`, `at most ${SOURCE_LIMIT_BYTES} bytes`);
  }
  try {
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return refused(shownAs, 'the file is not UTF-8 text', 'UTF-8; save the file again in that encoding');
  }
}

function refused(file: string, problem: string, allowed: string): SourceText {
  return { ok: false, problem: { file, line: 0, column: 0, path: '', problem, found: '', allowed } };
}
