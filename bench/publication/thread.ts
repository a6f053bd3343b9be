import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export type ThreadName = 'reader-thread' | 'writer-thread' | 'compare-thread';

const running = new Set<Worker>();

/** A thread with an event loop of its own: what it measures, this one's work does not distort. */
export function startThread(name: ThreadName, workerData: unknown): Worker {
  const thread = new Worker(new URL(`./${name}.js`, import.meta.url), { workerData });
  running.add(thread);
  thread.once('exit', () => running.delete(thread));
  return thread;
}

/** Every thread that still runs, whatever it does: where the measuring failed, nothing else would end the process. */
export async function endThreads(): Promise<void> {
  await Promise.all([...running].map((thread) => thread.terminate()));
}

/** The next message of a thread; rejects where the thread fails instead. */
export async function nextMessage<T>(thread: Worker): Promise<T> {
  const [message] = (await once(thread, 'message')) as [T];
  return message;
}

export async function ask<T>(thread: Worker, message: unknown): Promise<T> {
  const answer = nextMessage<T>(thread);
  thread.postMessage(message);
  return answer;
}
