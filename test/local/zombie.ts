import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { waitFor } from '../support/wait-for.ts';

const UNTIL_PARENT_SLEEPS = 'until [ "$(cat /proc/$PPID/comm)" = sleep ]; do :; done';

/** The pid of a process that is dead but was never waited for: its parent turned into a `sleep`, which waits for no child.
 * It dies only after that, since a shell would still have noticed. */
export async function makeZombie(): Promise<number> {
  const parent = spawn('sh', ['-c', `sh -c '${UNTIL_PARENT_SLEEPS}' & echo $!; exec sleep 600`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void parent.kill('SIGKILL'));
  const [chunk] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(chunk.toString());
  await waitFor(() => /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')), {
    timeoutMs: 10_000,
    describe: `process ${pid} to be a zombie`,
  });
  return pid;
}
