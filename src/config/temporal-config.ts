import type { ClientConfigProfile, ClientConnectConfig } from '@temporalio/envconfig';
import { loadClientConfigProfile, toClientOptions } from '@temporalio/envconfig';
import type { Environment, SettingReader } from './environment.ts';
import type { StackAddresses } from './stack-addresses.ts';

export type TemporalConnectionOptions = ClientConnectConfig['connectionOptions'];

export interface TemporalConfig {
  readonly address: string;
  readonly namespace: string;
  /** Where the address came from, for messages such as "no server at …". */
  readonly source: 'environment' | 'stack' | 'default';
  /** Base address of Temporal's web UI; null where nothing says it. */
  readonly ui: string | null;
  /** Address, TLS and API key for a connection. A function, so that a printed configuration shows no key. */
  readonly connectionOptions: () => TemporalConnectionOptions;
}

const DEFAULT_ADDRESS = 'localhost:7233';
const DEFAULT_NAMESPACE = 'default';

/**
 * TEMPORAL_* variables and the profile file of the `temporal` CLI come first; the local stack fills what they leave open,
 * except that a key or a certificate is never sent to an address that its owner did not name.
 */
export function readTemporalConfig(
  env: Environment,
  stack: StackAddresses | null,
  settings: SettingReader,
): TemporalConfig | null {
  const loaded = load(env, settings);
  if (loaded === null) return null;
  const { profile, connect } = loaded;
  const hasSecrets = profile.apiKey !== undefined || (profile.tls !== undefined && profile.tls.disabled !== true);
  const isLocal = profile.address === undefined && !hasSecrets;
  if (profile.address === undefined && hasSecrets) {
    const problem = 'is missing, although an API key or TLS is set';
    settings.refuse({ setting: 'TEMPORAL_ADDRESS', problem, allowed: 'host:port of the server they belong to' });
    return null;
  }
  const local = isLocal ? stack : null;
  const address = profile.address ?? (local?.temporalAddress || DEFAULT_ADDRESS);
  if (!/^[^\s/:]+:\d{1,5}$|^\[[\da-fA-F:]+\]:\d{1,5}$/.test(address)) {
    settings.refuse({ setting: 'TEMPORAL_ADDRESS', problem: 'not an address', allowed: 'host:port' });
    return null;
  }
  return {
    address,
    namespace: profile.namespace ?? (local?.temporalNamespace || DEFAULT_NAMESPACE),
    source: profile.address !== undefined ? 'environment' : local ? 'stack' : 'default',
    ui: settings.text('BACKFILL_TEMPORAL_UI') ?? (local?.temporalUi || null),
    connectionOptions: () => ({ ...connect.connectionOptions, address }),
  };
}

interface LoadedProfile {
  readonly profile: ClientConfigProfile;
  readonly connect: ClientConnectConfig;
}

function load(env: Environment, settings: SettingReader): LoadedProfile | null {
  const overrideEnvVars = Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value === undefined || value === '' ? [] : [[name, value] as const],
    ),
  );
  try {
    const profile = loadClientConfigProfile({ overrideEnvVars });
    return { profile, connect: toClientOptions(profile) };
  } catch (error) {
    // A TOML error quotes the lines around it, and one of them may be a key: its first line is enough.
    const reason = (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
    const allowed = 'the variables and the profile file of the `temporal` CLI (TEMPORAL_CONFIG_FILE, TEMPORAL_PROFILE)';
    settings.refuse({ setting: 'TEMPORAL_*', problem: `the Temporal profile cannot be used: ${reason}`, allowed });
    return null;
  }
}
