import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readScenarioFile, SCENARIO_FOLDER, WRONG_DAYS } from '../../examples/daily-revenue/scenario.ts';

describe('the documents of the scenario', () => {
  it('name every SQL file of the contracts folder, and no other', async () => {
    const contract = await readScenarioFile('contracts/daily_revenue.contract.yaml');
    const named = [...contract.matchAll(/[\w/.]+\.sql/g)].map(([path]) => path);
    const files = await readdir(join(SCENARIO_FOLDER, 'contracts'), { recursive: true });
    expect(named.toSorted()).toEqual(files.filter((file) => file.endsWith('.sql')).toSorted());
  });

  it('ask for the days that are wrong', async () => {
    const spec = parse(await readScenarioFile('backfill.yaml')) as { source_range: unknown };
    expect(spec.source_range).toEqual({ start: WRONG_DAYS.first, end: WRONG_DAYS.last });
  });

  it('describe the truth in words of its own', async () => {
    const statements = (text: string) =>
      text
        .replaceAll(/--.*$/gm, '')
        .split('\n')
        .map((line) => line.trim().replaceAll(/\s+/g, ' '))
        .filter((line) => line.length > 20);
    const truth = new Set(statements(await readScenarioFile('truth.sql')));
    for (const file of ['corrected.v1', 'corrected.v2', 'trusted']) {
      const transform = statements(await readScenarioFile(`contracts/transforms/daily_revenue.${file}.sql`));
      expect(
        transform.filter((line) => truth.has(line)),
        file,
      ).toEqual([]);
    }
  });
});
