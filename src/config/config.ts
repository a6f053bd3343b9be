import { resolve } from 'node:path';
import type { Prices } from '../domain/price.ts';
import type { ConfigProblem, Environment, SettingReader } from './environment.ts';
import { settingReader } from './environment.ts';
import type { Secret } from './secret.ts';
import { redactUrl, secret } from './secret.ts';
import type { StackAddresses } from './stack-addresses.ts';
import type { TemporalConfig } from './temporal-config.ts';
import { readTemporalConfig } from './temporal-config.ts';

const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Config {
  readonly temporal: TemporalConfig;
  /** Connection URL of the warehouse; printed without its password. */
  readonly warehouse: Secret | null;
  /** Absolute path of the folder with dataset contracts. */
  readonly contracts: string | null;
  /** Absolute path of the folder that reports are written to. */
  readonly reports: string;
  readonly allowDirtyContracts: boolean;
  /** Null: cost reads "not priced". */
  readonly prices: Prices | null;
  readonly logLevel: LogLevel;
  /** Put before the names of task queues, so that several installations share one namespace. */
  readonly taskQueuePrefix: string | null;
  /** Base address of the review page, from the local stack; null where nothing says it. */
  readonly reviewUrl: string | null;
  /** The secret behind `env:NAME`; null where the variable is not set or the text is no such reference. */
  readonly secret: (reference: string) => Secret | null;
}

/** Settings that not every command needs; one that is asked for and absent is a problem like any other. */
export type Need = 'warehouse' | 'contracts';
export type ConfigWith<N extends Need> = Config & { readonly [K in N]: NonNullable<Config[K]> };

export type ConfigResult<N extends Need> =
  | { readonly ok: true; readonly config: ConfigWith<N> }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** Reads the whole configuration and reports every problem at once. The stack file fills in what the environment leaves open. */
export function readConfig<N extends Need = never>(
  env: Environment,
  stack: StackAddresses | null,
  needs: readonly N[] = [],
): ConfigResult<N> {
  const settings = settingReader(env);
  const contracts = settings.text('BACKFILL_CONTRACTS') ?? (stack?.contracts || null);
  const temporal = readTemporalConfig(env, stack, settings);
  const rest = {
    warehouse: readWarehouse(settings, stack),
    contracts: contracts === null ? null : resolve(contracts),
    reports: resolve(settings.text('BACKFILL_REPORTS') ?? '.backfill/reports'),
    allowDirtyContracts: settings.flag('BACKFILL_ALLOW_DIRTY_CONTRACTS'),
    prices: readPrices(settings),
    logLevel: settings.choice('BACKFILL_LOG_LEVEL', LOG_LEVELS, 'info'),
    taskQueuePrefix: settings.matching(
      'BACKFILL_TASK_QUEUE_PREFIX',
      /^[A-Za-z0-9][\w.-]{0,63}$/,
      'up to 64 letters, digits, dots, hyphens and underscores',
    ),
    reviewUrl: stack?.reviewUrl || null,
    secret: (reference: string) => secretOf(env, reference),
  };
  refuseAbsent(rest, needs, settings);
  if (temporal === null || settings.problems.length > 0) return { ok: false, problems: settings.problems };
  return { ok: true, config: { temporal, ...rest } as ConfigWith<N> };
}

/** The configuration of this process: the one place that reads its environment. */
export function processConfig<N extends Need = never>(
  stack: StackAddresses | null,
  needs: readonly N[] = [],
): ConfigResult<N> {
  return readConfig(process.env, stack, needs);
}

const WAREHOUSE_URL = 'BACKFILL_WAREHOUSE_URL';

function readWarehouse(settings: SettingReader, stack: StackAddresses | null): Secret | null {
  const url = settings.text(WAREHOUSE_URL) ?? (stack?.warehouseUrl || null);
  if (url === null) return null;
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) return secret(url, redactUrl(url));
  settings.refuse({
    setting: WAREHOUSE_URL,
    problem: 'not a PostgreSQL URL',
    allowed: 'postgres://user@host:port/database',
  });
  return null;
}

function readPrices(settings: SettingReader): Prices | null {
  const perTib = settings.amount('BACKFILL_PRICE_PER_TIB');
  const perHour = settings.amount('BACKFILL_PRICE_PER_HOUR');
  const currency = settings.matching('BACKFILL_CURRENCY', /^[A-Z]{3}$/, 'three capital letters such as EUR');
  return perTib === null && perHour === null ? null : { perTib, perHour, currency: currency ?? 'USD' };
}

const SETTING_OF: Readonly<Record<Need, { readonly setting: string; readonly allowed: string }>> = {
  warehouse: {
    setting: WAREHOUSE_URL,
    allowed: 'postgres://user@host:port/database, or `npm run up` for a local stack',
  },
  contracts: { setting: 'BACKFILL_CONTRACTS', allowed: 'the folder with *.contract.yaml files' },
};

function refuseAbsent(config: Pick<Config, Need>, needs: readonly Need[], settings: SettingReader): void {
  for (const need of needs) {
    const isRefused = settings.problems.some(({ setting }) => setting === SETTING_OF[need].setting);
    if (config[need] === null && !isRefused) settings.refuse({ ...SETTING_OF[need], problem: 'is not set' });
  }
}

function secretOf(env: Environment, reference: string): Secret | null {
  const name = /^env:([A-Za-z_]\w*)$/.exec(reference)?.[1];
  const text = name === undefined ? undefined : env[name];
  return text === undefined || text === '' ? null : secret(text);
}
