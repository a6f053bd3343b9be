import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Config, ConfigResult } from '../../src/config/config.ts';
import { readConfig } from '../../src/config/config.ts';
import { formatConfigProblem } from '../../src/config/environment.ts';
import type { StackAddresses } from '../../src/config/stack-addresses.ts';

const STACK: StackAddresses = {
  temporalAddress: '127.0.0.1:41234',
  temporalNamespace: 'default',
  temporalUi: 'http://127.0.0.1:41235',
  warehouseUrl: 'postgres://worker:hunter2@127.0.0.1:41236/warehouse',
  adminUrl: 'postgres://postgres:hunter3@127.0.0.1:41236/postgres',
  reviewUrl: 'http://127.0.0.1:41237',
  contracts: 'examples/contracts',
};

/** Keeps a profile file of the person who runs the tests out of them. */
const NOBODY = { TEMPORAL_CONFIG_FILE: '/nonexistent/temporal.toml' };

function configOf(env: Record<string, string>, stack: StackAddresses | null = null): Config {
  const result = readConfig({ ...NOBODY, ...env }, stack);
  if (!result.ok) throw new Error(result.problems.map(formatConfigProblem).join('\n'));
  return result.config;
}

function problems(result: ConfigResult<'warehouse' | 'contracts'>): string {
  return result.ok ? 'accepted' : result.problems.map(formatConfigProblem).join('\n');
}

async function profileFile(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'profile-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'temporal.toml'), text);
  return join(folder, 'temporal.toml');
}

describe('the configuration', () => {
  it('has a default for whatever may be left out', () => {
    const { temporal, secret, ...rest } = configOf({});
    expect(rest).toEqual({
      warehouse: null,
      contracts: null,
      reports: resolve('.backfill/reports'),
      allowDirtyContracts: false,
      prices: null,
      logLevel: 'info',
      taskQueuePrefix: null,
      reviewUrl: null,
    });
    expect(temporal).toMatchObject({ address: 'localhost:7233', namespace: 'default', source: 'default', ui: null });
    expect(secret('env:NONE')).toBeNull();
  });

  it('takes everything from the environment', () => {
    const config = configOf({
      BACKFILL_WAREHOUSE_URL: 'postgresql://w@db.internal/warehouse',
      BACKFILL_CONTRACTS: '/srv/contracts',
      BACKFILL_REPORTS: 'out',
      BACKFILL_ALLOW_DIRTY_CONTRACTS: '1',
      BACKFILL_PRICE_PER_TIB: '6.25',
      BACKFILL_CURRENCY: 'EUR',
      BACKFILL_LOG_LEVEL: 'debug',
      BACKFILL_TASK_QUEUE_PREFIX: 'team-a',
      TEMPORAL_ADDRESS: 'temporal.internal:7233',
      TEMPORAL_NAMESPACE: 'finance',
    });
    expect(config).toMatchObject({
      contracts: '/srv/contracts',
      reports: resolve('out'),
      allowDirtyContracts: true,
      prices: { perTib: 6.25, perHour: null, currency: 'EUR' },
      logLevel: 'debug',
      taskQueuePrefix: 'team-a',
      temporal: { address: 'temporal.internal:7233', namespace: 'finance', source: 'environment' },
    });
    expect(config.warehouse?.reveal()).toBe('postgresql://w@db.internal/warehouse');
  });

  it('falls back to the stack file, field by field', () => {
    const config = configOf({ TEMPORAL_NAMESPACE: 'mine', BACKFILL_CONTRACTS: '' }, STACK);
    expect(config.temporal).toMatchObject({
      address: '127.0.0.1:41234',
      namespace: 'mine',
      source: 'stack',
      ui: 'http://127.0.0.1:41235',
    });
    expect(config.temporal.connectionOptions()).toMatchObject({ address: '127.0.0.1:41234' });
    expect(config.contracts).toBe(resolve('examples/contracts'));
    expect(config.warehouse?.reveal()).toBe(STACK.warehouseUrl);
    expect(config.reviewUrl).toBe('http://127.0.0.1:41237');
    const elsewhere = configOf({ TEMPORAL_ADDRESS: 'other:7233' }, STACK);
    expect(elsewhere.temporal).toMatchObject({ address: 'other:7233', source: 'environment', ui: null });
  });

  it('reads the profile file of the temporal command', async () => {
    const path = await profileFile(
      '[profile.default]\naddress = "cloud:7233"\napi_key = "top-secret"\n[profile.b]\naddress = "b:1"\n',
    );
    const config = configOf({ TEMPORAL_CONFIG_FILE: path }, STACK);
    expect(config.temporal).toMatchObject({ address: 'cloud:7233', namespace: 'default', source: 'environment' });
    expect(config.temporal.connectionOptions()).toMatchObject({ apiKey: 'top-secret', tls: true });
    expect(configOf({ TEMPORAL_CONFIG_FILE: path, TEMPORAL_PROFILE: 'b' }).temporal.address).toBe('b:1');
  });

  it('never prints a secret', async () => {
    const path = await profileFile('[profile.default]\naddress = "cloud:7233"\napi_key = "hunter4"\n');
    const config = configOf(
      { TEMPORAL_CONFIG_FILE: path, HOOK: 'hunter5' },
      { ...STACK, warehouseUrl: `${STACK.warehouseUrl}?sslpassword=hunter6` },
    );
    const hook = config.secret('env:HOOK');
    const printed = [
      inspect(config, { depth: 9 }),
      JSON.stringify(config),
      String(config.warehouse),
      inspect(hook),
      `${hook?.toString() ?? ''}`,
    ];
    expect(printed.join('\n')).not.toContain('hunter');
    expect(String(config.warehouse)).toBe('postgres://worker:***@127.0.0.1:41236/warehouse');
    expect(hook?.reveal()).toBe('hunter5');
    expect(config.secret('HOOK')).toBeNull();
  });
});

describe('a refused configuration', () => {
  it('reports everything at once and quotes no value', () => {
    const result = readConfig(
      {
        ...NOBODY,
        BACKFILL_WAREHOUSE_URL: 'mysql://worker:hunter2@db/warehouse',
        BACKFILL_ALLOW_DIRTY_CONTRACTS: 'yes',
        BACKFILL_PRICE_PER_TIB: '5$',
        BACKFILL_PRICE_PER_HOUR: '-1',
        BACKFILL_CURRENCY: 'euro',
        BACKFILL_LOG_LEVEL: 'loud',
        BACKFILL_TASK_QUEUE_PREFIX: 'a b',
        TEMPORAL_ADDRESS: 'http://temporal',
      },
      null,
      ['warehouse', 'contracts'],
    );
    expect(problems(result)).toMatchInlineSnapshot(`
      "TEMPORAL_ADDRESS: not an address; allowed: host:port
      BACKFILL_WAREHOUSE_URL: not a PostgreSQL URL; allowed: postgres://user@host:port/database
      BACKFILL_ALLOW_DIRTY_CONTRACTS: not one of the choices; allowed: 0, 1
      BACKFILL_PRICE_PER_TIB: not an amount; allowed: a number of zero or more, such as 6.25
      BACKFILL_PRICE_PER_HOUR: not an amount; allowed: a number of zero or more, such as 6.25
      BACKFILL_CURRENCY: not in the expected form; allowed: three capital letters such as EUR
      BACKFILL_LOG_LEVEL: not one of the choices; allowed: debug, info, warn, error
      BACKFILL_TASK_QUEUE_PREFIX: not in the expected form; allowed: up to 64 letters, digits, dots, hyphens and underscores
      BACKFILL_CONTRACTS: is not set; allowed: the folder with *.contract.yaml files"
    `);
    expect(problems(result)).not.toContain('hunter');
  });

  it('says what a command needs', () => {
    expect(problems(readConfig(NOBODY, null, ['warehouse', 'contracts']))).toMatchInlineSnapshot(`
      "BACKFILL_WAREHOUSE_URL: is not set; allowed: postgres://user@host:port/database, or \`npm run up\` for a local stack
      BACKFILL_CONTRACTS: is not set; allowed: the folder with *.contract.yaml files"
    `);
    expect(problems(readConfig(NOBODY, STACK, ['warehouse', 'contracts']))).toBe('accepted');
  });

  it('does not send a key to an address that its owner did not name', () => {
    expect(problems(readConfig({ ...NOBODY, TEMPORAL_API_KEY: 'k' }, STACK))).toMatchInlineSnapshot(
      `"TEMPORAL_ADDRESS: is missing, although an API key or TLS is set; allowed: host:port of the server they belong to"`,
    );
    expect(problems(readConfig({ ...NOBODY, TEMPORAL_TLS: 'false' }, STACK))).toBe('accepted');
  });

  it('says why a profile cannot be used, without its contents', async () => {
    expect(problems(readConfig({ ...NOBODY, TEMPORAL_PROFILE: 'none' }, null))).toMatchInlineSnapshot(
      `"TEMPORAL_*: the Temporal profile cannot be used: Profile 'none' not found in config data; allowed: the variables and the profile file of the \`temporal\` CLI (TEMPORAL_CONFIG_FILE, TEMPORAL_PROFILE)"`,
    );
    const path = await profileFile('[profile.default]\napi_key = "hunter2\n');
    const broken = problems(readConfig({ TEMPORAL_CONFIG_FILE: path }, null));
    expect(broken).toContain('TEMPORAL_*: the Temporal profile cannot be used');
    expect(broken).not.toContain('hunter');
  });
});
