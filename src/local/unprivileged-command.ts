import { spawnSync } from 'node:child_process';

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
}

const AS_USER_1000 = ['-U', '--map-user=1000', '--map-group=1000'];

/**
 * PostgreSQL refuses to run as root. In a user namespace of its own root is user 1000 to the server, while the files stay root's:
 * no user is created, no folder changes hands, and it works below a 0700 home too. Other users run the command as it is.
 */
export function unprivilegedCommand({ command, args }: Command): Command {
  if (process.getuid?.() !== 0) return { command, args };
  const probe = spawnSync('unshare', [...AS_USER_1000, 'true'], { encoding: 'utf8' });
  if (probe.status === 0) return { command: 'unshare', args: [...AS_USER_1000, command, ...args] };
  const reason = probe.error?.message ?? probe.stderr.trim();
  throw new Error(
    `PostgreSQL refuses to run as root, and a user namespace that would give it another user cannot be made here (unshare: ${reason}). ` +
      'Run this as an ordinary user, allow user namespaces, or use a PostgreSQL server of your own.',
  );
}
