import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const StackFileSchema = z.object({
  /** `host:port` of the Temporal server. */
  temporalAddress: z.string(),
  temporalNamespace: z.string(),
  /** Null where the server is not ours: then its UI is wherever its operator put it. */
  temporalUi: z.string().nullable(),
  /** The role that backfills work with. */
  warehouseUrl: z.string(),
  /** The role that may create and drop databases and roles. */
  adminUrl: z.string(),
  reviewUrl: z.string().nullable(),
  /** Folder of the dataset contracts. */
  contracts: z.string(),
});

/** Where the local stack is; read by every command that is told nothing else. The URLs hold passwords. */
export type StackFile = Readonly<z.infer<typeof StackFileSchema>>;

/** Everything the local stack keeps lies here: data, logs, addresses. */
export function stackFolder(cwd: string): string {
  return join(cwd, '.backfill');
}

/** Readable by its owner alone. Replaced as a whole, so a reader never sees half of it. */
export function writeStackFile(folder: string, content: StackFile): void {
  mkdirSync(folder, { recursive: true });
  const draft = join(folder, `stack.json.${process.pid}`);
  writeFileSync(draft, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  chmodSync(draft, 0o600); // The mode above counts only for a new file.
  renameSync(draft, stackFile(folder));
}

/** Null if no stack was started from this folder; throws, naming the file, if the file is not one of ours. */
export function readStackFile(folder: string): StackFile | null {
  const file = stackFile(folder);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const parsed = StackFileSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the whole file'}: ${message}`);
  throw new Error(
    `${file} does not describe a stack (${problems.join('; ')}). Start the stack again, which writes it anew: npm run up`,
  );
}

export function removeStackFile(folder: string): void {
  rmSync(stackFile(folder), { force: true });
}

function stackFile(folder: string): string {
  return join(folder, 'stack.json');
}

/** Undefined, which no schema accepts, where it is not JSON at all. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
