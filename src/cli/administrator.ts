import { commandError } from './command-result.ts';
import { EXIT } from './exit-codes.ts';
import type { Settings } from './settings.ts';

/** How to reach the warehouse as its administrator: `env:NAME`, or the URL itself; where it is not given, the local stack's. */
export function adminUrlOf({ adminUrl }: { readonly adminUrl?: string }, { config, stack }: Settings): string {
  if (adminUrl === undefined) {
    if (stack !== null) return stack.adminUrl;
    throw commandError(
      EXIT.badInput,
      'no administrator of the warehouse is known: give --admin-url env:NAME, where NAME is a variable with its PostgreSQL URL',
    );
  }
  if (!adminUrl.startsWith('env:')) return checkedUrl(adminUrl, '--admin-url');
  const secret = config.secret(adminUrl);
  if (secret === null)
    throw commandError(EXIT.badInput, `--admin-url ${adminUrl}: the variable ${adminUrl.slice(4)} is not set`);
  return checkedUrl(secret.reveal(), adminUrl);
}

/** The text is never repeated: it may hold a password. */
function checkedUrl(url: string, named: string): string {
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) return url;
  throw commandError(
    EXIT.badInput,
    `${named} is no PostgreSQL URL; allowed: postgres://user@host:port/database, or env:NAME`,
  );
}

/** The role that backfills work with; where it is not given, that of the warehouse URL. */
export function workerOf({ worker }: { readonly worker?: string }, { config }: Settings): string {
  const role =
    worker ?? (config.warehouse === null ? '' : decodeURIComponent(new URL(config.warehouse.reveal()).username));
  if (role !== '') return role;
  throw commandError(
    EXIT.badInput,
    'the role that backfills work with is not known: give --worker, or a user in BACKFILL_WAREHOUSE_URL',
  );
}
