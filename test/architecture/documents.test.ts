import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readOptions } from '../../src/local/demo/options.ts';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import { rollbackStatement } from '../../src/ledger/releases.ts';

const read = (path: string): string => readFileSync(path, 'utf8');

describe('documents say what the code does', () => {
  it('the rollback that people are shown is the one that is printed', () => {
    const plan = {
      backfillId: 'revenue-tax-fix-2026-06',
      table: { schema: 'finance', name: 'daily_revenue' },
      view: { schema: 'finance', name: 'daily_revenue_current' },
    } as BackfillPlan;
    const [, shown] = /```sql\n(WITH moved AS [^`]*?)\n```/.exec(read('docs/publication.md')) ?? [];
    expect(shown).toBe(rollbackStatement(plan, 'FIN-2841'));
  });

  it('README lists every status at which the demo stops', () => {
    const [, listed] = /`--pause-at <status>`[^(]*\(([^)]*)\)/.exec(read('README.md').replaceAll(/\s+/g, ' ')) ?? [];
    const stops = [...(listed ?? '').matchAll(/`(\w+)`/g)].map(([, status]) => status);
    expect(() => readOptions(['--pause-at', 'proving'])).toThrow(
      `--pause-at proving: the story can be stopped at ${stops.join(', ')}`,
    );
  });

  it('README links every document for people', () => {
    const readme = read('README.md');
    for (const name of readdirSync('docs').filter((one) => one.endsWith('.md')))
      expect(readme).toContain(`](docs/${name})`);
  });

  it('every file that the list of guards names is there', () => {
    const named = [...read('docs/guards.md').matchAll(/`((?:src|workflows|activities|test)\/[^`]+)`/g)].map(
      ([, path]) => path ?? '',
    );
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter((path) => !existsSync(path))).toEqual([]);
  });

  it('the compose file has the role that its worker connects with', () => {
    const { services } = parse(read('docker-compose.yml')) as {
      services: Record<string, { environment: Record<string, string>; volumes: string[]; depends_on?: object }>;
    };
    const url = new URL(services['worker']?.environment['BACKFILL_WAREHOUSE_URL'] ?? '');
    const roles = services['postgres']?.volumes.find((volume) => volume.includes('initdb'))?.split(':')[0] ?? '';
    expect(url.username).not.toBe(services['postgres']?.environment['POSTGRES_USER']);
    expect(read(roles)).toContain(`CREATE ROLE ${url.username} LOGIN PASSWORD '${url.password}'`);
    for (const { depends_on } of Object.values(services))
      for (const name of Object.keys(depends_on ?? {})) expect(Object.keys(services)).toContain(name);
  });
});
