import { describe, expect, it } from 'vitest';
import { projectFiles, readProjectFile } from './project-files.ts';

const CODE = ['src', 'workflows', 'activities', 'worker', 'examples', 'test'];
const MAX_LINES = 300;
/** Split, so that this file does not find itself. */
const UNFINISHED = new RegExp(
  `\\b(${['TO', 'FIX', 'XX'].map((start, at) => `${start}${['DO', 'ME', 'X'][at]}`).join('|')})\\b`,
);

describe('the tree', () => {
  it('has no file that is too long to read in one sitting', () => {
    const files = projectFiles(CODE, /\.(ts|sql)$/);
    expect(files.filter((path) => path.endsWith('.sql')).length).toBeGreaterThan(10);
    const long = files.filter((path) => readProjectFile(path).split('\n').length - 1 > MAX_LINES);
    expect(long).toEqual([]);
  });

  it('has names that say what a file is for, in kebab case', () => {
    const odd = projectFiles(CODE, /\.ts$/).filter(
      (path) => !/\/[a-z0-9]+(-[a-z0-9]+)*(\.test|\.config)?\.ts$/.test(path),
    );
    expect(odd).toEqual([]);
  });

  it('has no sentence that puts work off', () => {
    const texts = projectFiles([...CODE, 'docs', 'scripts', 'bench'], /\.(ts|mjs|sql|md|ya?ml)$/);
    expect(texts.length).toBeGreaterThan(200);
    expect(texts.filter((path) => UNFINISHED.test(readProjectFile(path)))).toEqual([]);
    expect(UNFINISHED.test(`// ${'TO'}${'DO'}: later`)).toBe(true);
  });
});
