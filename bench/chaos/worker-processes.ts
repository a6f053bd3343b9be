import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { TrafficDataset } from '../traffic/dataset.ts';

export type Step = 'publish' | 'rollBack';

export type Reply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly outcome: string }
  | { readonly kind: 'failed'; readonly message: string; readonly retry: boolean };

/** One worker at work and one that is warm, so that a killed one is followed at once. */
export interface WorkerProcesses {
  /** Null: the process was killed before it could answer. */
  play(step: Step): Promise<Exclude<Reply, { kind: 'ready' }> | null>;
  /** SIGKILL: no goodbye, and its statements run on. False, and nobody dies, where none is at work at that moment. */
  kill(): Promise<boolean>;
  end(): Promise<void>;
}

interface Started {
  readonly child: ChildProcess;
  readonly ready: Promise<unknown>;
}

/** `program` is the compiled worker-child: only what is built can be started. */
export function startWorkerProcesses(dataset: TrafficDataset, program: URL): WorkerProcesses {
  const start = (): Started => {
    const child = fork(program, [dataset.urls.backfill_worker, dataset.contracts], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const ready = once(child, 'message');
    ready.catch(() => undefined); // Heard by whoever waits for it.
    return { child, ready };
  };
  let current = start();
  let warm = start();
  let playing = false;
  const follow = (): void => {
    current = warm;
    warm = start();
  };
  return {
    play: async (step) => {
      // One that died of what was done to its backend is followed as one that was killed.
      if (!current.child.connected) follow();
      const { child, ready } = current;
      await ready;
      playing = true;
      return new Promise((resolve) => {
        const onMessage = (reply: Exclude<Reply, { kind: 'ready' }>): void => {
          playing = false;
          child.removeListener('exit', onExit);
          resolve(reply);
        };
        const onExit = (): void => {
          child.removeListener('message', onMessage);
          resolve(null);
        };
        child.once('message', onMessage);
        child.once('exit', onExit);
        child.send(step, (error) => {
          if (error !== null) onExit();
        });
      });
    },
    kill: async () => {
      if (!playing) return false;
      playing = false;
      const { child } = current;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      follow();
      await gone;
      return true;
    },
    end: async () => {
      for (const { child } of [current, warm]) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        const gone = once(child, 'exit');
        child.kill('SIGKILL');
        await gone;
      }
    },
  };
}
