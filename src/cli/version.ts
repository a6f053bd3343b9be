import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The package's own version, wherever its code was compiled to. */
export function packageVersion(from: string = import.meta.dirname): string {
  const file = join(from, 'package.json');
  if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  const parent = dirname(from);
  if (parent === from)
    throw new Error(`no package.json in any folder above ${import.meta.dirname}: the installation is incomplete`);
  return packageVersion(parent);
}
